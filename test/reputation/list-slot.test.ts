import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createListParser } from '../../src/reputation/list-parser.ts';
import { newSlot, refreshSlot } from '../../src/reputation/list-slot.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-slot-'));
  file = join(folder, 'bad.txt');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('trouble that lasts is told once, although the file is looked at again and again', async () => {
  writeFileSync(file, '198.51.100.50\n');
  const messages: string[] = [];
  const options = {
    settleMs: 1,
    role: 'block' as const,
    parser: createListParser(),
    settingsOf: () => ({}),
    guard: () => [],
    seed: 1,
    onceInUse: (work: () => Promise<void>) => void work(),
    now: () => 7,
    report: ({ message }: { message: string }) => void messages.push(message),
  };
  const quiet = { ...options, sleep: async () => {} };
  const busy = { ...options, sleep: async () => appendFileSync(file, '# more\n') };
  let slot = await refreshSlot(newSlot(file, true, 'block'), quiet);
  appendFileSync(file, '# more\n');
  for (let i = 0; i < 3; i++) slot = await refreshSlot(slot, busy);
  expect(messages).toEqual([
    `${file}: loaded 1 entries`,
    `${file}: the file keeps changing while it is read; kept last good version (1 entries)`,
  ]);
  expect(slot).toMatchObject({
    name: 'bad',
    loadedAtMs: 7,
    error: `${file}: the file keeps changing while it is read`,
  });
  slot = await refreshSlot(slot, quiet);
  expect(slot).not.toHaveProperty('error');
});
