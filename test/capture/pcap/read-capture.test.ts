import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BATCH_PACKETS } from '../../../src/capture/pcap/batch-builder.ts';
import { readCapture } from '../../../src/capture/pcap/read-capture.ts';
import {
  enhancedPacket,
  interfaceBlock,
  pcap,
  pcapHeader,
  pcapng,
  pcapRecord,
  sectionHeader,
  type TimedPacket,
} from '../../support/capture-files.ts';
import { type Bytes, concat, text } from '../../support/packets.ts';

import { brief, EXPECTED, PACKETS, read } from './reading.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-pcap-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('formats', () => {
  const forms: readonly (readonly [string, Bytes])[] = [
    ['pcap, little endian', pcap(PACKETS)],
    ['pcap, big endian', pcap(PACKETS, { little: false })],
    ['pcap, nanoseconds', pcap(PACKETS, { nano: true })],
    ['pcap, nanoseconds, big endian', pcap(PACKETS, { nano: true, little: false })],
    ['pcap, modified', pcap(PACKETS, { magic: 0xa1b2cd34, extra: 8 })],
    ['pcap with a frame check sequence', pcap(PACKETS, { linkType: 0x24000001 })],
    ['pcapng, little endian', pcapng(PACKETS)],
    ['pcapng, big endian', pcapng(PACKETS, false)],
    ['pcap, gzip', gzipSync(pcap(PACKETS))],
    [
      'pcap, gzip in two members',
      concat(gzipSync(pcap(PACKETS).subarray(0, 30)), gzipSync(pcap(PACKETS).subarray(30))),
    ],
    ['pcapng, gzip', gzipSync(pcapng(PACKETS))],
  ];
  test.each(forms)('%s', async (_, bytes) => {
    for (const size of [1, 7, 1 << 16]) {
      const result = await read(bytes, size);
      expect(brief(result)).toEqual(EXPECTED);
      expect(result.packets.map(({ originalLength }) => originalLength)).toEqual([5, 60, 1500]);
      expect(result.packets.map(({ linkType }) => linkType)).toEqual([1, 1, 1]);
      expect(result.problem).toBeUndefined();
      expect(result.bytesRead).toBe(bytes.length);
    }
  });

  test.each(['plain.pcap', 'packed.pcap.gz', 'packed-without-the-name.pcap', 'plain-with-the-name.gz'])(
    'a file: %s',
    async (name) => {
      const path = join(folder, name);
      writeFileSync(path, name.startsWith('packed') ? gzipSync(pcap(PACKETS)) : pcap(PACKETS));
      expect(brief(await read(path))).toEqual(EXPECTED);
    },
  );

  test('nanoseconds are the fraction', async () => {
    const timeNs = 1_000_000_123n;
    for (const bytes of [
      pcap([{ bytes: text('x'), timeNs }], { nano: true }),
      concat(
        sectionHeader(),
        interfaceBlock(true, { resolution: 9 }),
        enhancedPacket(true, { bytes: text('x'), timeNs }, timeNs),
      ),
    ]) {
      expect((await read(bytes)).packets[0]?.timeMs).toBeCloseTo(1000.000123, 9);
    }
  });
});

test('more packets than a batch, and than the window, holds: batches say where each packet lies', async () => {
  const count = BATCH_PACKETS * 3 + 5;
  const header = pcapHeader();
  const records = Array.from({ length: count }, (_, i) =>
    pcapRecord({ bytes: concat(text(`${i}`), new Uint8Array(200)), timeNs: BigInt(i) * 1000n }),
  );
  const { packets, problem } = await read(concat(header, ...records), 1 << 20);
  expect(problem).toBeUndefined();
  expect(packets.length).toBe(count);
  let offset = header.length;
  for (const [i, packet] of packets.entries()) {
    if (packet.byteOffset !== offset || !packet.text.startsWith(`${i}\0`))
      expect([i, packet]).toBe('in its place');
    offset += (records[i] as Bytes).length;
  }
});

test('reading can be given up early: the file is closed', async () => {
  const path = join(folder, 'early.pcap');
  writeFileSync(path, pcap(Array.from({ length: 20_000 }, () => PACKETS[0] as TimedPacket)));
  let batches = 0;
  for await (const batch of readCapture(path)) {
    batches += Math.sign(batch.count);
    break;
  }
  expect(batches).toBe(1);
});
