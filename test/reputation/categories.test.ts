import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { categoriesBeside } from '../../src/reputation/categories.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-categories-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('are read beside the list, or absent', async () => {
  expect(await categoriesBeside(join(folder, 'a.list'))).toBeUndefined();
  writeFileSync(join(folder, 'categories.txt'), '1,CnC,Command and control\n');
  expect(await categoriesBeside(join(folder, 'a.list'))).toBe('1,CnC,Command and control\n');
});

it('are not waited for when they are a named pipe', async () => {
  execFileSync('mkfifo', [join(folder, 'categories.txt')]);
  expect(await categoriesBeside(join(folder, 'a.list'))).toBe('');
});
