import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertCandidate } from '../../../src/alerts/combine.ts';
import { createMerger } from '../../../src/alerts/merge.ts';
import { createTunedMerger, type TunedCounters } from '../../../src/alerts/tuning/tuned-merger.ts';
import type { Limit, LimitType, Suppression, Tuning } from '../../../src/alerts/tuning/tuning.ts';
import { LIMIT_TYPES, NO_TUNING } from '../../../src/alerts/tuning/tuning.ts';
import { candidate, TIME_MS } from '../fixtures.ts';

const ALL = { 'net.peer.ip': ['*'] };
const SUPPRESSION: Suppression = {
  name: 'backup',
  owner: 'netops@example.com',
  reason: 'the archive',
  expiresMs: TIME_MS + 60_000,
  match: { 'net.peer.ip': ['198.51.100.0/25'] },
};
const LIMIT: Limit = { name: 'calm', type: 'limit', count: 2, windowMs: 60_000, track: [], match: ALL };

function build(tuning: Tuning, options: { maxKeys?: number; mergeMs?: number } = {}) {
  let uids = 0;
  const newUid = (): string => `${++uids}`;
  const expired: string[] = [];
  const merger = createTunedMerger({
    // Each alert has a key of its own below, so that merging takes no part.
    merger: createMerger({ windowMs: options.mergeMs ?? 1_000, newUid }),
    newUid,
    onExpired: ({ name }) => void expired.push(name),
    ...(options.maxKeys === undefined ? {} : { maxKeys: options.maxKeys }),
  });
  merger.tune(tuning);
  return { merger, expired };
}

let keys = 0;
const from = (peer: string, overrides: Partial<AlertCandidate> = {}): AlertCandidate =>
  candidate({
    key: `${++keys}`,
    attributes: { 'net.peer.ip': peer, 'telegen.detector': 'blocklist' },
    ...overrides,
  });

function balance({ findings, sent, merged, suppressed, limited }: TunedCounters): number {
  return (
    findings - sent - merged - limited - Object.values(suppressed).reduce((sum, count) => sum + count, 0)
  );
}

describe('suppressions', () => {
  it('hold what fits until they expire, count it, and say once that they have', () => {
    const { merger, expired } = build({ suppressions: [SUPPRESSION], limits: [] });
    expect(merger.offer(from('198.51.100.5'), TIME_MS)).toBeUndefined();
    expect(merger.offer(from('198.51.100.200'), TIME_MS)).toBeDefined();
    expect(merger.offer(from('198.51.100.5'), TIME_MS + 59_999)).toBeUndefined();
    expect(expired).toEqual([]);
    expect(merger.offer(from('198.51.100.5'), TIME_MS + 60_000)).toBeDefined();
    expect(merger.offer(from('198.51.100.6'), TIME_MS + 60_001)).toBeDefined();
    expect(expired).toEqual(['backup']);
    expect(merger.counters).toMatchObject({ findings: 5, sent: 3, suppressed: { backup: 2 } });
    expect(balance(merger.counters)).toBe(0);
  });

  it('that are taken away hold nothing any more, and keep their counts', () => {
    const { merger } = build({ suppressions: [SUPPRESSION], limits: [] });
    merger.offer(from('198.51.100.5'), TIME_MS);
    merger.tune(NO_TUNING);
    expect(merger.offer(from('198.51.100.5'), TIME_MS)).toBeDefined();
    expect(merger.counters.suppressed).toEqual({ backup: 1 });
  });
});

describe('limits', () => {
  it.each<[LimitType, number, number[]]>([
    ['limit', 2, [1, 2]],
    ['threshold', 3, [3, 6, 9, 12]],
    ['both', 3, [3]],
    ['backoff', 1, [1, 10]],
    ['backoff', 2, [2]],
  ])('%s %i sends of twelve alerts numbers %j, and closes with the count of all', (type, count, expected) => {
    const { merger } = build({ suppressions: [], limits: [{ ...LIMIT, type, count }] });
    const sent = Array.from({ length: 12 }, (_, i) => i + 1).filter(
      (number) =>
        merger.offer(from('192.0.2.1', { timeMs: TIME_MS + number }), TIME_MS + number) !== undefined,
    );
    expect(sent).toEqual(expected);
    expect(merger.tick(TIME_MS + 59_000)).toEqual([]);
    const [record, ...others] = merger.tick(TIME_MS + 60_001);
    expect(others).toEqual([]);
    expect(record?.attributes).toMatchObject({
      'telegen.limit': 'calm',
      'telegen.summary': true,
      'telegen.count': 12,
      'telegen.first_seen': new Date(TIME_MS + 1).toISOString(),
      'telegen.last_seen': new Date(TIME_MS + 12).toISOString(),
    });
    expect(merger.counters).toMatchObject({ limited: 12 - expected.length, summaries: 1 });
    expect(balance(merger.counters)).toBe(0);
  });

  it('begin anew with each window, and close nothing when nothing was held', () => {
    const { merger } = build({ suppressions: [], limits: [LIMIT] });
    const times = [0, 1, 60_000, 60_001].map((ms) => TIME_MS + ms);
    expect(times.filter((ms) => merger.offer(from('192.0.2.1'), ms) !== undefined)).toEqual(times);
    expect(merger.flush(TIME_MS + 70_000)).toEqual([]);
  });

  it.each<[Limit['track'], number]>([
    [[], 1],
    [['peer'], 2],
    [['process'], 2],
    [['workload'], 2],
    [['rule'], 2],
    [['rule', 'process', 'workload', 'peer'], 16],
  ])('tracked by %j have %i counts over all combinations', (track, counts) => {
    const { merger } = build({ suppressions: [], limits: [{ ...LIMIT, count: 1, track }] });
    let sent = 0;
    for (let bits = 0; bits < 16; bits += 1) {
      const attributes = {
        'net.peer.ip': `192.0.2.${bits & 1}`,
        'process.pid': (bits >> 1) & 1,
        'container.id': `c${(bits >> 2) & 1}`,
        'telegen.detector': `d${(bits >> 3) & 1}`,
      };
      if (merger.offer(from('', { attributes }), TIME_MS) !== undefined) sent += 1;
    }
    expect(sent).toBe(counts);
  });

  it('close with the gravest that was held', () => {
    const { merger } = build({ suppressions: [], limits: [{ ...LIMIT, count: 1 }] });
    for (const severity of ['INFO', 'CRITICAL', 'WARNING'] as const)
      merger.offer(from('192.0.2.1', { severity, body: severity }), TIME_MS);
    expect(merger.flush(TIME_MS)).toMatchObject([{ severity: 'CRITICAL', body: 'CRITICAL' }]);
  });

  it('are replaced without losing what they had counted', () => {
    const { merger } = build({ suppressions: [], limits: [{ ...LIMIT, count: 1 }] });
    for (let i = 0; i < 5; i += 1) merger.offer(from('192.0.2.1'), TIME_MS);
    merger.tune(NO_TUNING);
    expect(merger.tick(TIME_MS).map(({ attributes }) => attributes['telegen.count'])).toEqual([5]);
  });

  it('do not keep windows open for as long as the clock was set back', () => {
    const { merger } = build({ suppressions: [], limits: [{ ...LIMIT, count: 1 }] });
    merger.offer(from('192.0.2.1'), TIME_MS);
    merger.offer(from('192.0.2.1'), TIME_MS);
    const back = TIME_MS - 3_600_000;
    expect(merger.offer(from('192.0.2.1'), back)).toBeDefined();
    expect(merger.tick(back)).toHaveLength(1);
  });

  it('share one count beyond the cap of keys', () => {
    const limit: Limit = { ...LIMIT, count: 1, track: ['peer'] };
    const { merger } = build({ suppressions: [], limits: [limit] }, { maxKeys: 10, mergeMs: 10 });
    for (let i = 0; i < 100; i += 1) merger.offer(from(`192.0.2.${i}`), TIME_MS);
    expect(merger.counters).toMatchObject({ sent: 11, limited: 89 });
    const records = merger.flush(TIME_MS);
    expect(records.map(({ attributes }) => attributes['telegen.count'])).toEqual([90]);
    expect(records[0]?.attributes['telegen.overflow']).toBe(true);
  });

  it('keep the books for any tuning and any alerts', () => {
    const limits = fc.array(
      fc.record({
        name: fc.string(),
        type: fc.constantFrom(...LIMIT_TYPES),
        count: fc.integer({ min: 1, max: 5 }),
        windowMs: fc.integer({ min: 1, max: 1_000 }),
        track: fc.constantFrom<Limit['track']>([], ['peer'], ['rule', 'peer']),
        match: fc.constantFrom({ 'net.peer.ip': ['192.0.2.1'] }, ALL),
      }),
      { maxLength: 3 },
    );
    const alerts = fc.array(
      fc.tuple(
        fc.constantFrom('192.0.2.1', '192.0.2.2', '198.51.100.5'),
        fc.integer({ min: -500, max: 900 }),
      ),
    );
    fc.assert(
      fc.property(limits, alerts, fc.boolean(), (chosen, sequence, suppress) => {
        const { merger } = build(
          { suppressions: suppress ? [SUPPRESSION] : [], limits: chosen },
          { mergeMs: 200 },
        );
        let nowMs = TIME_MS;
        let records = 0;
        for (const [peer, step] of sequence) {
          nowMs += step;
          merger.offer(from(peer, { key: peer }), nowMs);
          records += merger.tick(nowMs).length;
        }
        records += merger.flush(nowMs).length;
        expect(balance(merger.counters)).toBe(0);
        expect(merger.counters.summaries).toBe(records);
        expect(merger.size).toBe(0);
      }),
    );
  });
});
