import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createHostFiles } from '../../src/enrich/proc-reader.ts';
import { createUserNames } from '../../src/enrich/users.ts';
import { makeFile, scratchFolder } from './fake-proc.ts';

const files = createHostFiles();

function write(path: string, text: string, mtimeSeconds: number): void {
  makeFile(path, text);
  utimesSync(path, mtimeSeconds, mtimeSeconds);
}

it('names root on the real host', () => {
  expect(createUserNames({ files })(0, 0)).toBe('root');
});

it.each([
  ['an ordinary line', 'alice:x:1000:1000:A:/home/alice:/bin/sh\n', 'alice'],
  ['the first of two names', 'alice:x:1000:1::/:\nbob:x:1000:1::/:\n', 'alice'],
  ['no final newline', 'alice:x:1000', 'alice'],
  ['a comment', '#alice:x:1000:1::/:\n', undefined],
  ['no name', ':x:1000:1::/:\n', undefined],
  ['no number', 'alice:x:-1000:1::/:\nalice:x::1\n', undefined],
  ['NIS marks and garbage', '+::::::\n\0\u0001\n:::\nalice:x:1000:', 'alice'],
])('reads %s', (_title, text, expected) => {
  const path = join(scratchFolder(), 'passwd');
  makeFile(path, text);
  expect(createUserNames({ files, path })(1000, 0)).toBe(expected);
});

it('follows the file, looking once a second', () => {
  const path = join(scratchFolder(), 'passwd');
  write(path, 'old:x:1000:\n', 1);
  const names = createUserNames({ files, path });
  expect(names(1000, 0)).toBe('old');
  write(path, 'new:x:1000:\n', 2);
  expect(names(1000, 999)).toBe('old');
  expect(names(1000, 1_000)).toBe('new');
});

it('reads the file again only when its time has changed', () => {
  const path = join(scratchFolder(), 'passwd');
  write(path, 'old:x:1000:\n', 1);
  const names = createUserNames({ files, path });
  names(1000, 0);
  write(path, 'new:x:1000:\n', 1);
  expect(names(1000, 5_000)).toBe('old');
});

it('knows nobody without the file, until it comes', () => {
  const path = join(scratchFolder(), 'passwd');
  const names = createUserNames({ files, path });
  expect(names(1000, 0)).toBeUndefined();
  makeFile(path, 'late:x:1000:\n');
  expect(names(1000, 1_000)).toBe('late');
});
