import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readText } from '../../src/config/read-text.ts';

describe('readText on a real file system', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'telegen-read-'));
    writeFileSync(join(dir, 'good'), '\u{feff}a: ü\n');
    writeFileSync(join(dir, 'full'), 'x'.repeat(100));
    writeFileSync(join(dir, 'big'), 'x'.repeat(101));
    writeFileSync(join(dir, 'latin1'), Buffer.from([0x61, 0xfc]));
    writeFileSync(join(dir, 'utf16'), Buffer.from('\u{feff}a: b', 'utf16le'));
    symlinkSync('good', join(dir, 'link'));
    symlinkSync('loop', join(dir, 'loop'));
    execFileSync('mkfifo', [join(dir, 'pipe')]);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test.each([
    ['good', 'a: ü\n'],
    ['link', 'a: ü\n'],
    ['full', 'x'.repeat(100)],
  ])('%s is read', (name, text) => expect(readText(join(dir, name), 100)).toEqual({ text }));

  test.each([
    ['big', 'larger than 100 bytes'],
    ['latin1', 'not UTF-8'],
    ['utf16', 'not UTF-8'],
    ['.', 'is a folder'],
    ['none', 'no such file'],
    ['good/below', 'not a folder'],
    ['loop', 'symbolic links'],
    ['pipe', 'not a regular file'],
    ['bad\0name', 'cannot be read'],
  ])('%j is refused', (name, problem) => {
    expect(readText(join(dir, name), 100)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test('an endless device is not read', () => {
    expect(readText('/dev/zero', 100)).toEqual({ problem: expect.stringContaining('not a regular file') });
  });
});

test.each([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EIO', 'cannot be read: input/output error'],
])('%s', (code, problem) => {
  const readFile = () => {
    throw Object.assign(new Error('input/output error'), { code });
  };
  expect(readText('/x', 100, readFile)).toEqual({ problem: expect.stringContaining(problem) });
});
