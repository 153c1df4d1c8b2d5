import { describe, expect, test } from 'vitest';
import {
  BEGIN_NS,
  block,
  enhancedPacket,
  interfaceBlock,
  oldPacket,
  sectionHeader,
  simplePacket,
  words,
} from '../../support/capture-files.ts';
import { type Bytes, concat, text } from '../../support/packets.ts';

import { BEGIN_MS, brief, read } from './reading.ts';

describe('pcapng', () => {
  const big = 0x80 | 20;
  const times: readonly (readonly [string, { resolution?: number; offset?: number }, bigint, number])[] = [
    ['microseconds by default', {}, 1_500_000n, 1500],
    ['milliseconds', { resolution: 3 }, 1500n, 1500],
    ['seconds', { resolution: 0 }, 7n, 7000],
    ['nanoseconds of today', { resolution: 9 }, BEGIN_NS + 250_000_000n, BEGIN_MS + 250],
    ['picoseconds', { resolution: 12 }, 1_500_000_000_000n, 1500],
    ['1/1024 seconds', { resolution: 0x80 | 10 }, 1536n, 1500],
    ['1/2^20 seconds', { resolution: big }, 3n << 19n, 1500],
    ['with an offset', { offset: -10, resolution: 6 }, 12_000_000n, 2000],
  ];
  test.each(times)('time stamps: %s', async (_, form, units, expected) => {
    for (const little of [true, false]) {
      const packet = enhancedPacket(little, { bytes: text('x'), timeNs: 0n }, units);
      const file = concat(sectionHeader(little), interfaceBlock(little, form), packet);
      expect(brief(await read(file))).toEqual([[expected, 'x']]);
    }
  });

  test('sections, interfaces, byte orders, old and simple packets; unknown blocks are left out', async () => {
    const file = concat(
      sectionHeader(true),
      interfaceBlock(true, { linkType: 101, snapLength: 3 }),
      interfaceBlock(true, { linkType: 1, resolution: 3 }),
      block(true, 5, new Uint8Array(40)),
      enhancedPacket(true, { bytes: text('one'), timeNs: 0n, interfaceId: 1 }, 2000n),
      block(true, 0x80000bad, new Uint8Array(5 << 20)),
      simplePacket(true, text('two'), 9),
      oldPacket(true, { bytes: text('three'), timeNs: 0n, interfaceId: 1 }, 3000n),
      sectionHeader(false),
      interfaceBlock(false, { linkType: 276 }),
      enhancedPacket(false, { bytes: text('four'), timeNs: 0n }, 4_000_000n),
    );
    const { packets, problem } = await read(file);
    const told = packets.map((packet) => [packet.text, packet.timeMs, packet.linkType, packet.interfaceId]);
    expect(told).toEqual([
      ['one', 2000, 1, 1],
      ['two', 2000, 101, 0],
      ['three', 3000, 1, 1],
      ['four', 4000, 276, 0],
    ]);
    expect(packets[1]?.originalLength).toBe(9);
    expect(problem).toBeUndefined();
  });

  const good = enhancedPacket(true, { bytes: text('good'), timeNs: 0n }, 0n);
  const start = concat(sectionHeader(), interfaceBlock(true));
  const wrong: readonly (readonly [string, Bytes, string, boolean])[] = [
    [
      'undescribed interface',
      enhancedPacket(true, { bytes: text('x'), timeNs: 0n, interfaceId: 9 }, 0n),
      'interface (9)',
      true,
    ],
    [
      'packet longer than its block',
      block(true, 6, words(true, [64, 0], [32, 0], [32, 99], [32, 99])),
      'length (99)',
      true,
    ],
    [
      'simple packet first',
      concat(sectionHeader(), simplePacket(true, text('x')), start),
      'before any interface',
      true,
    ],
    ['block too short', words(true, [32, 6], [32, 8], [32, 8]), 'claims 8 bytes', false],
    ['odd length', concat(words(true, [32, 5], [32, 13]), new Uint8Array(5)), 'claims 13 bytes', false],
    ['lengths differ', concat(good.subarray(0, -4), words(true, [32, 4])), 'two lengths', false],
    [
      'monstrous packet block',
      words(true, [32, 6], [32, 1 << 30], [32, 0]),
      'claims 1073741824 bytes',
      false,
    ],
    [
      'no byte order',
      words(true, [32, 0x0a0d0d0a], [32, 28], [32, 7], [32, 28]),
      'without byte order',
      false,
    ],
  ];
  test.each(wrong)('damage: %s', async (_, damaged, reason, goesOn) => {
    const { packets, problem } = await read(concat(start, good, damaged, good));
    expect(packets.map((packet) => packet.text)).toEqual(goesOn ? ['good', 'good'] : ['good']);
    const inside = damaged.length > 60 && reason.includes('before') ? 28 : 0;
    expect(problem).toEqual({
      byteOffset: start.length + good.length + inside,
      reason: expect.stringContaining(reason) as string,
    });
  });
});
