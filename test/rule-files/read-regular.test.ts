import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPipelines } from '../../src/cli/rules/pipeline-files.ts';
import { readPlaceholders } from '../../src/cli/rules/placeholders-file.ts';
import { readRuleFiles } from '../../src/rule-files/read-files.ts';
import { readRegular } from '../../src/rule-files/read-regular.ts';

let folder = '';
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-regular-'));
  writeFileSync(at('small.yml'), 'title: Ü\n');
  writeFileSync(at('pipeline.yaml'), 'transformations: [{type: file_placeholders, path: pipe.yml}]\n');
  execFileSync('mkfifo', [at('pipe.yml')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['small.yml', 1 << 20, { text: 'title: Ü\n' }],
  ['small.yml', 9, { code: 'file-size', reason: 'the file has 10 bytes; the limit is 9 (0 MiB)' }],
  ['pipe.yml', 9, { code: 'file-unreadable', reason: 'not a regular file' }],
  ['.', 9, { code: 'file-unreadable', reason: 'not a regular file' }],
  ['none', 9, { code: 'file-unreadable', reason: 'there is no such file' }],
  ['/dev/zero', 9, { code: 'file-unreadable', reason: 'not a regular file' }],
])('%s, at most %i bytes', (name, maxBytes, expected) => {
  expect(readRegular(name.startsWith('/') ? name : at(name), maxBytes)).toEqual(expected);
});

test('a named pipe among rule files is a problem of its own', () => {
  const { files } = readRuleFiles([folder]);
  const pipe = files.find(({ file }) => file === at('pipe.yml'));
  expect(pipe?.problems).toMatchObject([{ code: 'file-unreadable', message: 'not a regular file' }]);
  expect(files.some(({ file, documents }) => file === at('small.yml') && documents.length === 1)).toBe(true);
});

test('a named pipe is no pipeline, no list of placeholders and no file of values', () => {
  expect(() => readPipelines([at('pipe.yml')])).toThrow('pipe.yml: not a regular file');
  expect(() => readPipelines([at('pipeline.yaml')])).toThrow('pipe.yml: not a regular file');
  expect(() => readPlaceholders(at('pipe.yml'))).toThrow('pipe.yml: not a regular file');
});
