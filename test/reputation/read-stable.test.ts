import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES, readStable } from '../../src/reputation/read-stable.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-read-'));
  file = join(folder, 'list.txt');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Reads while `step` runs in place of each wait. */
async function read(step: (wait: number) => void = () => {}, known?: string) {
  let waits = 0;
  const outcome = await readStable(file, { known, settleMs: 5, sleep: async () => step(++waits) });
  return outcome.kind === 'bytes' ? { ...outcome, text: Buffer.from(outcome.bytes).toString() } : outcome;
}

test('text with a signature; the same signature again is unchanged, without a wait', async () => {
  writeFileSync(file, '198.51.100.50');
  const first = await read();
  expect(first).toMatchObject({ kind: 'bytes', text: '198.51.100.50' });
  const signature = first.kind === 'bytes' ? first.signature : '';
  let waited = 0;
  expect(await read(() => waited++, signature)).toEqual({ kind: 'unchanged' });
  expect(waited).toBe(0);
});

test.each(['same size', 'same size and time'])('a new text of the %s is noticed', async (kind) => {
  const past = new Date(1_600_000_000_000);
  const write = (text: string) => {
    writeFileSync(file, text);
    if (kind !== 'same size') utimesSync(file, past, past);
  };
  write('a');
  const first = await read();
  // Longer than a tick of the clock that stamps files.
  await new Promise((resolve) => setTimeout(resolve, 30));
  write('b');
  expect(await read(undefined, first.kind === 'bytes' ? first.signature : '')).toMatchObject({
    kind: 'bytes',
    text: 'b',
  });
});

test('waits for a writer to finish', async () => {
  writeFileSync(file, 'a');
  const outcome = await read((wait) => {
    if (wait <= 3) appendFileSync(file, 'b');
  });
  expect(outcome).toMatchObject({ kind: 'bytes', text: 'abbb' });
});

test('gives up, for now, on a file that never rests', async () => {
  writeFileSync(file, 'a');
  const outcome = await read(() => appendFileSync(file, 'b'));
  expect(outcome).toMatchObject({ kind: 'refused', reason: 'the file keeps changing while it is read' });
});

test('a file that is replaced by a FIFO between the looks does not block', async () => {
  writeFileSync(file, 'a');
  const outcome = await read((wait) => {
    if (wait > 1) return;
    unlinkSync(file);
    execFileSync('mkfifo', [file]);
  });
  expect(outcome).toMatchObject({ kind: 'refused', reason: 'not a regular file' });
});

describe('refuses', () => {
  test.each<[name: string, make: () => void, reason: string]>([
    ['a folder', () => symlinkSync('.', file), 'not a regular file'],
    ['a loop of links', () => symlinkSync('list.txt', file), 'the file cannot be read (ELOOP)'],
  ])('%s', async (_, make, reason) => {
    make();
    expect(await read()).toMatchObject({ kind: 'refused', reason });
  });

  test('more than the size cap, without reading it', async () => {
    writeFileSync(file, '');
    truncateSync(file, MAX_FILE_BYTES + 1);
    const outcome = await read();
    expect(outcome).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('the limit is 67108864 (64 MiB)'),
    });
  });
});

test.each(['list.txt', 'list.txt/below'])('missing: %s', async (name) => {
  if (name !== 'list.txt') writeFileSync(file, 'a');
  const outcome = await readStable(join(folder, name), {
    known: undefined,
    settleMs: 1,
    sleep: async () => {},
  });
  expect(outcome).toEqual({ kind: 'missing' });
});
