import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFolderWatcher, type FolderWatcher } from '../../src/reputation/folder-watcher.ts';

let root: string;
let folder: string;
let watcher: FolderWatcher;
let changes: number;
let troubles: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'telegen-watch-'));
  folder = join(root, 'lists');
  mkdirSync(folder);
  changes = 0;
  troubles = [];
  watcher = createFolderWatcher({ onChange: () => changes++, onTrouble: (where) => troubles.push(where) });
});
afterEach(() => {
  watcher.close();
  rmSync(root, { recursive: true });
});

async function noticed(file: string): Promise<void> {
  const before = changes;
  writeFileSync(file, 'x');
  await vi.waitFor(() => expect(changes).toBeGreaterThan(before), { timeout: 20_000, interval: 5 });
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  changes = 0;
}

test('notices changes, also after the folder was replaced', async () => {
  await watcher.update(new Set([folder]));
  await noticed(join(folder, 'a'));
  renameSync(folder, `${folder}.old`);
  mkdirSync(folder);
  await watcher.update(new Set([folder]));
  await settled();
  await noticed(join(folder, 'b'));
  expect(troubles).toEqual([]);
});

test('a folder that is not there is watched once it is; one that is not wanted any more is not', async () => {
  const later = join(root, 'later');
  await watcher.update(new Set([folder, later]));
  mkdirSync(later);
  await watcher.update(new Set([later]));
  await settled();
  writeFileSync(join(folder, 'a'), 'x');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(changes).toBe(0);
  await noticed(join(later, 'a'));
});

test('after close nothing is watched, even by an update under way', async () => {
  const updating = watcher.update(new Set([folder]));
  watcher.close();
  await updating;
  writeFileSync(join(folder, 'a'), 'x');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(changes).toBe(0);
});
