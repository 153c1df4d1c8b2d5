import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createFragmentTable,
  FRAGMENT_TIMEOUT_MS,
  type FragmentTable,
} from '../../../src/net/packet/fragments.ts';
import { createPacketView } from '../../../src/net/packet/packet-view.ts';
import { text } from '../../support/packets.ts';

interface Given {
  readonly id?: number;
  readonly offset: number;
  readonly data: string;
  readonly more: boolean;
  readonly timeMs?: number;
  readonly protocol?: number;
  readonly vlan?: number;
  readonly missing?: number;
}

function add(
  table: FragmentTable,
  { id = 1, offset, data, more, timeMs = 0, protocol = 17, vlan = 0, missing = 0 }: Given,
): string | undefined {
  const view = createPacketView();
  view.bytes = text(`head${data}`);
  view.at = 4;
  view.end = view.bytes.length;
  view.wireEnd = view.end + missing;
  view.timeMs = timeMs;
  view.vlan = vlan;
  const whole = table.add(view, { id, offset, more, protocol });
  return whole === undefined ? undefined : new TextDecoder().decode(whole.bytes);
}

const A: Given = { offset: 0, data: 'AAAAAAAA', more: true };
const B: Given = { offset: 8, data: 'BBBBBBBB', more: true };
const C: Given = { offset: 16, data: 'CC', more: false };
const WHOLE = 'AAAAAAAABBBBBBBBCC';

describe('reassembly', () => {
  const rows: readonly (readonly [string, readonly Given[], string | undefined, object])[] = [
    ['in order', [A, B, C], WHOLE, { reassembled: 1, overlaps: 0 }],
    ['last first', [C, B, A], WHOLE, { reassembled: 1 }],
    ['a repeat', [A, A, B, B, C], WHOLE, { reassembled: 1, overlaps: 2 }],
    [
      'overlap: the first wins',
      [A, { offset: 4, data: 'xxxxBBBBBBBBxx', more: true }, C],
      'AAAAAAAABBBBBBBBxx',
      { overlaps: 2 },
    ],
    [
      'one over three',
      [
        { offset: 8, data: 'BBBBBBBB', more: true },
        { offset: 0, data: 'AAAAAAAAxxxxxxxxCC', more: false },
      ],
      WHOLE,
      { overlaps: 1 },
    ],
    ['a hole', [A, C], undefined, { reassembled: 0 }],
    ['two datagrams', [A, { ...B, id: 2 }, C], undefined, {}],
    ['two protocols', [A, { ...B, protocol: 6 }, C], undefined, {}],
    ['two VLANs', [A, { ...B, vlan: 5 }, C], undefined, {}],
    ['two ends', [C, { offset: 8, data: 'B', more: false }], undefined, { bad: 1 }],
    ['beyond its end', [C, { offset: 24, data: 'late', more: true }], undefined, { bad: 1 }],
    ['longer than IP allows', [{ offset: 65_528, data: 'AAAAAAAA', more: false }], undefined, { bad: 1 }],
    ['empty, but more follow', [{ offset: 8, data: '', more: true }], undefined, { bad: 1 }],
    ['an empty end', [A, { offset: 8, data: '', more: false }], 'AAAAAAAA', { reassembled: 1 }],
    ['cut by the capture', [A, { ...B, missing: 3 }, C], undefined, { cut: 1 }],
  ];
  test.each(rows)('%s', (_, given, expected, counters) => {
    const table = createFragmentTable();
    const results = given.map((fragment) => add(table, fragment));
    expect(results.at(-1)).toBe(expected);
    expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
    expect(table.counters).toMatchObject(counters);
  });

  test('any cutting, order and repetition gives the datagram', () => {
    const datagram = Array.from({ length: 200 }, (_, i) => String.fromCharCode(65 + (i % 26))).join('');
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 24 }), { maxLength: 10 });
    const property = fc.property(cuts, fc.infiniteStream(fc.nat(1000)), fc.nat(3), (at, chance, repeats) => {
      const places = [0, ...at.sort((a, b) => a - b).map((unit) => unit * 8), datagram.length];
      const parts = places.slice(0, -1).map((offset, i) => {
        const end = places[i + 1] as number;
        return { offset, data: datagram.slice(offset, end), more: end < datagram.length };
      });
      const [last, ...others] = shuffled(parts, chance);
      const table = createFragmentTable();
      const early = [...others, ...others.slice(0, repeats)].map((part) => add(table, part));
      expect(early.every((result) => result === undefined)).toBe(true);
      expect(add(table, last as Given)).toBe(datagram);
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });
});

function shuffled<T>(items: readonly T[], chance: Iterator<number>): T[] {
  return items
    .map((item) => [chance.next().value as number, item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

describe('bounds', () => {
  test('time', () => {
    const table = createFragmentTable();
    add(table, A);
    expect(add(table, { ...B, timeMs: FRAGMENT_TIMEOUT_MS - 1 })).toBeUndefined();
    expect(add(table, { ...C, timeMs: FRAGMENT_TIMEOUT_MS })).toBeUndefined();
    expect(table.counters.timedOut).toBe(1);
    table.finish();
    expect(table.counters.incomplete).toBe(1);
  });

  test('datagrams: the oldest goes', () => {
    const table = createFragmentTable({ maxDatagrams: 2 });
    for (const id of [1, 2, 3]) add(table, { ...A, id });
    expect(table.counters.evicted).toBe(1);
    const rest = { offset: 8, data: 'B', more: false };
    expect([3, 2, 1].map((id) => add(table, { ...rest, id }))).toEqual(['AAAAAAAAB', 'AAAAAAAAB', undefined]);
    expect(table.counters.evicted).toBe(1);
  });

  test('bytes, and pieces of one datagram', () => {
    const table = createFragmentTable({ maxBytes: 100 });
    for (let id = 0; id < 50; id++) add(table, { ...A, id });
    expect(table.counters.evicted).toBe(50 - 12);
    const pieces = createFragmentTable();
    for (let i = 0; i < 600; i++) add(pieces, { offset: i * 16, data: 'AAAAAAAA', more: true });
    expect(pieces.counters.bad).toBe(2);
  });
});
