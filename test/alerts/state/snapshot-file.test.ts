import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MAX_STATE_BYTES,
  type Remembered,
  readSnapshot,
  writeSnapshot,
} from '../../../src/alerts/state/snapshot-file.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/telegen-state-`);
  file = `${folder}/state`;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const things = (count: number): Remembered[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: i % 2 === 0 ? 'window' : 'correlation',
    value: { number: i, big: 2n ** 60n, map: new Map([['a', [1, null]]]), never: Number.NEGATIVE_INFINITY },
  }));

describe('a snapshot', () => {
  it.each([0, 1, 255, 256, 257, 2_000])('of %i things comes back as it was', async (count) => {
    expect(await writeSnapshot(file, things(count))).toEqual({ things: count, leftOut: 0 });
    expect(await readSnapshot(file)).toEqual(things(count));
  });

  it('is private, replaces the last one as a whole, and leaves nothing beside it', async () => {
    await writeSnapshot(file, things(500));
    await writeSnapshot(file, things(3));
    expect(await readSnapshot(file)).toEqual(things(3));
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('that does not fit leaves out what comes last, and counts it', async () => {
    const large = Array.from({ length: 1_024 }, (_, i) => ({
      kind: 'window',
      value: `${i}`.padEnd(100_000, 'x'),
    }));
    const { things: written, leftOut } = await writeSnapshot(file, large);
    expect(written + leftOut).toBe(1_024);
    expect(leftOut).toBeGreaterThan(0);
    expect(statSync(file).size).toBeLessThanOrEqual(MAX_STATE_BYTES);
    expect(await readSnapshot(file)).toEqual(large.slice(0, written));
  });

  it('is absent before there was one', async () => expect(await readSnapshot(file)).toBeUndefined());
});

describe('what is not believed', () => {
  it('a file cut off anywhere', async () => {
    await writeSnapshot(file, things(600));
    const whole = readFileSync(file);
    for (let size = 0; size < whole.length; size += Math.ceil(whole.length / 97)) {
      writeFileSync(file, whole);
      truncateSync(file, size);
      await expect(readSnapshot(file), `${size} bytes`).rejects.toThrow();
    }
  });

  it('a file with one bit turned, wherever', async () => {
    await writeSnapshot(file, things(300));
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 97)) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(file, damaged);
      await expect(readSnapshot(file), `byte ${at}`).rejects.toThrow();
    }
  });

  it.each([
    ['another version', Buffer.from('telegen state 2\n')],
    ['text', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(4_096)],
  ])('%s', async (_name, bytes) => {
    writeFileSync(file, bytes);
    await expect(readSnapshot(file)).rejects.toThrow();
  });

  it('a file that is too large: it is not even read', async () => {
    writeFileSync(file, '');
    truncateSync(file, MAX_STATE_BYTES + 1);
    await expect(readSnapshot(file)).rejects.toThrow('too large');
  });
});
