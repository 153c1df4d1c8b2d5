import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_PACKET_BYTES } from '../../../src/capture/pcap/batch-builder.ts';
import { TelegenError } from '../../../src/model/errors.ts';
import { pcap, pcapng, simplePacket, words } from '../../support/capture-files.ts';
import { type Bytes, concat, text } from '../../support/packets.ts';

import { PACKETS, read } from './reading.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-pcap-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('damage', () => {
  test.each([
    ['pcap', pcap(PACKETS), 24],
    ['pcapng', pcapng(PACKETS), 12],
  ] as const)(
    '%s cut at every byte: whole packets are given, then the place is named',
    async (_, file, firstProblem) => {
      const whole = await read(file);
      const ends = new Set<number>([file.length]);
      for (const { byteOffset } of whole.packets) ends.add(byteOffset);
      for (let size = 4; size < file.length; size++) {
        const { packets, problem } = await read(file.subarray(0, size));
        const expected = whole.packets.filter((_packet, index) => {
          const end = whole.packets[index + 1]?.byteOffset ?? file.length;
          return end <= size;
        });
        expect(packets).toEqual(expected);
        const isBoundary = ends.has(size) || size === (firstProblem === 24 ? 24 : 28);
        expect(problem === undefined).toBe(isBoundary);
        if (problem !== undefined) expect(problem.reason).toMatch(/^the file ends \d+ bytes into a record$/);
        if (problem !== undefined && expected.length > 0) expect(problem.byteOffset).toBeLessThan(size);
      }
    },
  );

  test('a packet that claims too much stops the reading', async () => {
    const record = words(true, [32, 0], [32, 0], [32, MAX_PACKET_BYTES + 1], [32, 64]);
    const head = pcap(PACKETS);
    const { packets, problem } = await read(concat(head, record, new Uint8Array(MAX_PACKET_BYTES + 1)));
    expect(packets).toHaveLength(3);
    expect(problem?.byteOffset).toBe(head.length);
    expect(problem?.reason).toContain('claims 262145 bytes');
  });

  test('the longest packet is read', async () => {
    const bytes = new Uint8Array(MAX_PACKET_BYTES).fill(65);
    const packets = Array.from({ length: 40 }, () => ({ bytes, timeNs: 0n }));
    const result = await read(pcap(packets), 1 << 20);
    expect(result.packets.map((packet) => packet.text.length)).toEqual(packets.map(() => MAX_PACKET_BYTES));
  });

  test('gzip that was cut, or is damaged: what came out of it is given', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({
      bytes: text(`packet ${i} ${Math.sin(i)}`),
      timeNs: 0n,
    }));
    const packed = gzipSync(pcap(many));
    const cut = await read(packed.subarray(0, packed.length - 1000));
    expect(cut.packets.length).toBeGreaterThan(1000);
    expect(cut.packets.length).toBeLessThan(3000);
    expect(cut.problem?.reason).toContain('gzip');
    const again = await read(packed.subarray(0, packed.length - 1000), 999);
    expect(again.packets.length).toBe(cut.packets.length);
    const damaged = Uint8Array.from(packed);
    damaged[packed.length - 5000] = (damaged[packed.length - 5000] ?? 0) ^ 0xff;
    expect((await read(damaged)).problem).toBeDefined();
    // Only the checksum behind the data is missing: every packet was read all the same.
    const uncertain = await read(packed.subarray(0, packed.length - 8));
    expect([uncertain.packets.length, uncertain.problem?.reason]).toEqual([
      3000,
      expect.stringContaining('gzip'),
    ]);
  });

  test('a source that fails in the middle', async () => {
    const file = pcap(PACKETS);
    async function* failing(): AsyncGenerator<Bytes, void> {
      yield file.subarray(0, 50);
      throw new Error('the disk is gone');
    }
    const { packets, problem } = await read(failing());
    expect(packets).toHaveLength(1);
    expect(problem).toEqual({ byteOffset: 45, reason: 'reading failed: the disk is gone' });
  });

  test.each([
    ['nothing', new Uint8Array(0), 'it is empty'],
    ['three bytes', text('abc'), 'it begins with 616263'],
    ['a text', text('hello world, no capture'), 'it begins with 68656c6c'],
    ['gzip of a text', gzipSync(text('hello')), 'it begins with 68656c6c'],
    ['gzip of nothing', gzipSync(new Uint8Array(0)), 'it is empty'],
    ['damaged gzip', concat(Uint8Array.of(0x1f, 0x8b), text('rubbish')), 'gzip'],
  ])('no capture: %s', async (_, bytes, reason) => {
    const error = await read(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TelegenError);
    expect((error as TelegenError).message).toContain('not a capture');
    expect((error as TelegenError).message).toContain(reason);
  });

  test('a file that is not there, and a folder', async () => {
    for (const path of [join(folder, 'missing.pcap'), folder]) {
      const error = await read(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TelegenError);
      expect((error as TelegenError).message).toContain(`${path}: cannot be read: `);
    }
  });

  test('seeded mutations: nothing but packets, a problem, or a TelegenError', async () => {
    const files = [
      pcap(PACKETS),
      pcapng(PACKETS),
      concat(pcapng(PACKETS, false), simplePacket(false, text('end'))),
    ];
    const mutation = fc.tuple(
      fc.nat(2),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async ([which, changes]) => {
        const bytes = Uint8Array.from(files[which] as Bytes);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const result = await read(bytes).catch((error: unknown) => {
          if (!(error instanceof TelegenError)) throw error;
          return undefined;
        });
        for (const packet of result?.packets ?? []) expect(Number.isFinite(packet.timeMs)).toBe(true);
      }),
      { seed: 20240115, numRuns: Number(process.env.TELEGEN_FUZZ_RUNS ?? 2000) },
    );
  });
});
