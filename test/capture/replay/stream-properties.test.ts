import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { text } from '../../support/packets.ts';
import { tcpScript } from '../../support/tcp-script.ts';
import { run } from './harness.ts';

import { ISN, NEAR_WRAP, streamed } from './streams.ts';

const LENGTH = 300;
const TRUTH = Array.from({ length: LENGTH }, (_, i) =>
  String.fromCharCode(97 + ((i * 7 + (i >> 4)) % 26)),
).join('');
const chunk = fc.tuple(fc.nat(LENGTH - 1), fc.integer({ min: 1, max: 60 }));
const anyIsn = fc.constantFrom(ISN, NEAR_WRAP, 0x7fff_ff80, 0xffff_ff00, 0);

/** The truth with `?` where a gap was told. */
function filled(text: string): string {
  return text.replace(/<(\d+)>/g, (_, length: string) => '?'.repeat(Number(length)));
}

describe('any segmentation', () => {
  test('reordered, repeated, overlapping: the same stream, without a gap', () => {
    const property = fc.property(
      fc.array(chunk, { maxLength: 40 }),
      fc.array(fc.nat(1000)),
      anyIsn,
      (chunks, order, isn) => {
        const cover = Array.from({ length: LENGTH / 20 }, (_, i) => [i * 20, 20] as const);
        const all = [...cover, ...chunks].map((piece, i) => [order[i] ?? i, piece] as const);
        const sorted = all.sort(([a], [b]) => a - b).map(([, piece]) => piece);
        const { streams, counters, events } = streamed(
          (s) => {
            for (const [offset, size] of sorted) s.send(offset, TRUTH.slice(offset, offset + size));
            s.ack(LENGTH);
          },
          {},
          isn,
        );
        expect(streams.client).toBe(TRUTH);
        expect(counters).toMatchObject({ gaps: 0, conflicts: 0, outOfWindow: 0 });
        expect(events.at(-1)?.stats?.bytesSent).toBe(LENGTH);
      },
    );
    fc.assert(property, { seed: 11, numRuns: 600 });
  });

  test('lost, acknowledged at any time: every byte given is right and in its place, gaps are exactly the rest', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: chunk.map(([offset, size]) => ({ offset, size })) },
      { weight: 1, arbitrary: fc.nat(LENGTH).map((ack) => ({ ack })) },
    );
    const property = fc.property(fc.array(step, { maxLength: 40 }), anyIsn, (steps, isn) => {
      let reach = 0;
      const { streams } = streamed(
        (s) => {
          for (const each of steps) {
            if ('ack' in each) s.ack(each.ack);
            else s.send(each.offset, TRUTH.slice(each.offset, each.offset + each.size));
            reach = Math.max(reach, 'ack' in each ? each.ack : Math.min(LENGTH, each.offset + each.size));
          }
        },
        {},
        isn,
      );
      const seen = filled(streams.client);
      // One number acknowledged behind the last byte may be a FIN: it is not told.
      expect([reach, reach - 1]).toContain(seen.length);
      for (let i = 0; i < seen.length; i++) if (seen[i] !== '?') expect(seen[i]).toBe(TRUTH[i]);
    });
    fc.assert(property, { seed: 12, numRuns: 600 });
  });

  test('one segment lost of many: the gap is exactly there', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 3, maxLength: 12 });
    const property = fc.property(sizes, fc.nat(100), (all, which) => {
      const lost = which % (all.length - 1);
      let [offset, expected] = [0, ''];
      const { streams } = streamed((s) => {
        for (const [i, size] of all.entries()) {
          const data = TRUTH.slice(offset, offset + size);
          if (i !== lost) s.send(offset, data);
          offset += size;
          s.ack(i % 3 === 2 ? offset : 0);
          expected += i === lost ? `<${size}>` : data;
        }
        s.ack(offset);
      });
      expect(streams.client).toBe(expected);
    });
    fc.assert(property, { seed: 13, numRuns: 400 });
  });
});

test('seeded packet storms: never throws, stays in bounds, ends every conversation once, twice the same', () => {
  const packet = fc.record({
    from: fc.constantFrom('client', 'server'),
    flags: fc.constantFrom('S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'FPA', ''),
    seq: fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 0xffff_ffff })),
    ack: fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 0xffff_ffff })),
    size: fc.nat(12),
    port: fc.integer({ min: 1, max: 3 }),
    wait: fc.constantFrom(0, 1, 20_000, 70_000),
  } as const);
  const property = fc.property(fc.array(packet, { maxLength: 40 }), (storm) => {
    const packets = storm.map(({ from, flags, seq, ack, size, port, wait }, i) => {
      const script = tcpScript({ clientPort: port }, i * 10 + wait);
      return script.say(from as 'client' | 'server', flags, text('x'.repeat(size)), { seq, ack });
    });
    const first = run(packets, { maxFlows: 2, maxBuffered: 30 });
    const byFlow = new Map<number, string[]>();
    for (const { socketId, phase } of first.events)
      byFlow.set(socketId, [...(byFlow.get(socketId) ?? []), phase]);
    for (const story of byFlow.values())
      expect(story.filter((phase) => phase === 'closed' || phase === 'failed')).toHaveLength(1);
    const ends = first.log.filter((line) => line.startsWith('end')).length;
    expect(ends).toBe(first.log.filter((line) => line.startsWith('open')).length);
    expect([first.counters.active, first.isMonotonic]).toEqual([0, true]);
    expect(run(packets, { maxFlows: 2, maxBuffered: 30 }).log).toEqual(first.log);
  });
  fc.assert(property, { seed: 14, numRuns: Number(process.env.TELEGEN_FUZZ_RUNS ?? 1500) });
});
