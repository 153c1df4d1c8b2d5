import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { createMerger } from '../../src/alerts/merge.ts';
import { createTunedMerger, type TunedMerger } from '../../src/alerts/tuning/tuned-merger.ts';
import { LIMIT_TYPES, type Limit } from '../../src/alerts/tuning/tuning.ts';
import type { Alert } from '../../src/model/finding.ts';
import { candidate, TIME_MS } from './fixtures.ts';

const WINDOW_MS = 60_000;
let uids = 0;
const newUid = (): string => `uid-${++uids}`;

function begin(limits: readonly Limit[] = [], windowMs = WINDOW_MS): TunedMerger {
  const merger = createTunedMerger({
    merger: createMerger({ windowMs, newUid }),
    newUid,
    onExpired: () => {},
  });
  merger.tune({ suppressions: [], limits });
  return merger;
}

/** What a file would keep of it, in a new one. */
function restarted(
  before: TunedMerger,
  how: { closed: boolean; nowMs?: number; limits?: readonly Limit[]; windowMs?: number },
): TunedMerger {
  const { closed, nowMs = TIME_MS, limits = [], windowMs = WINDOW_MS } = how;
  const copy = <T>(value: T): T => deserialize(serialize(value)) as T;
  const windows = copy([...before.save({ closed })]);
  const counts = copy([...before.saveLimits({ closed })]);
  const after = begin(limits, windowMs);
  after.restore(windows, nowMs);
  after.restoreLimits(counts, nowMs);
  return after;
}

const offer = (
  merger: TunedMerger,
  key: string,
  atMs: number,
  severity: Alert['severity'] = 'WARNING',
): Alert | undefined => merger.offer(candidate({ key, timeMs: TIME_MS + atMs, severity }), TIME_MS + atMs);
const counts = (alerts: readonly Alert[]): unknown[] =>
  alerts.map(({ attributes }) => attributes['telegen.count']);

describe('a merge window over a crash', () => {
  it('goes on: the like are merged, and the closing record counts both runs', () => {
    const before = begin();
    expect(offer(before, 'a', 0)).toBeDefined();
    for (let i = 1; i < 5; i += 1) offer(before, 'a', i);
    const after = restarted(before, { closed: false, nowMs: TIME_MS + 10_000 });
    expect(offer(after, 'a', 11_000)).toBeUndefined();
    expect(offer(after, 'a', 12_000, 'CRITICAL')?.severity).toBe('CRITICAL');
    const [closing] = after.tick(TIME_MS + WINDOW_MS);
    expect(closing?.attributes).toMatchObject({
      'telegen.count': 7,
      'telegen.first_seen': '2024-01-15T10:30:00.123Z',
      'telegen.last_seen': '2024-01-15T10:30:12.123Z',
    });
    expect(closing?.severity).toBe('CRITICAL');
    expect(after.counters).toMatchObject({ findings: 2, sent: 1, merged: 1, summaries: 1 });
  });

  it('that ended while nobody ran is told at once', () => {
    const before = begin();
    for (let i = 0; i < 3; i += 1) offer(before, 'a', i);
    offer(before, 'alone', 0);
    const after = restarted(before, { closed: false, nowMs: TIME_MS + 10 * WINDOW_MS });
    expect(counts(after.tick(TIME_MS + 10 * WINDOW_MS))).toEqual([3]);
    expect(after.size).toBe(0);
  });

  it('and its closing record is the same record when the crash comes after it was sent', () => {
    const before = begin();
    for (let i = 0; i < 3; i += 1) offer(before, 'a', i);
    const after = restarted(before, { closed: false });
    const sent = before.tick(TIME_MS + WINDOW_MS);
    const again = after.tick(TIME_MS + WINDOW_MS);
    expect(again).toEqual(sent);
    expect(sent[0]?.uid).toMatch(/^uid-/);
  });
});

describe('a merge window over an orderly restart', () => {
  it('is told at the end; what comes later is merged and told by itself', () => {
    const before = begin();
    for (let i = 0; i < 5; i += 1) offer(before, 'a', i);
    const kept = [...before.save({ closed: true })];
    const told = before.flush(TIME_MS + 10);
    expect(counts(told)).toEqual([5]);
    const after = begin();
    after.restore(kept, TIME_MS + 10);
    expect(offer(after, 'a', 20_000)).toBeUndefined();
    const closing = after.tick(TIME_MS + WINDOW_MS);
    expect(counts(closing)).toEqual([1]);
    expect(closing[0]?.attributes['telegen.first_seen']).toBe('2024-01-15T10:30:20.123Z');
    expect(closing[0]?.uid).not.toBe(told[0]?.uid);
  });

  it('says nothing when nothing more came', () => {
    const before = begin();
    for (let i = 0; i < 5; i += 1) offer(before, 'a', i);
    expect(restarted(before, { closed: true }).tick(TIME_MS + WINDOW_MS)).toEqual([]);
  });
});

it('a clock that was set back by an hour, or a shorter window, does not keep windows open', () => {
  const before = begin();
  for (let i = 0; i < 3; i += 1) offer(before, 'a', i);
  const hourEarlier = TIME_MS - 3_600_000;
  const after = restarted(before, { closed: false, nowMs: hourEarlier, windowMs: 5_000 });
  expect(after.tick(hourEarlier + 4_999)).toEqual([]);
  expect(counts(after.tick(hourEarlier + 5_000))).toEqual([3]);
});

it('windows close in their order whatever the order in which they were saved', () => {
  const before = begin();
  for (let i = 0; i < 50; i += 1) for (let n = 0; n < 2; n += 1) offer(before, `k${i}`, i * 10);
  const saved = [...before.save({ closed: false })].toReversed();
  const after = begin();
  after.restore(saved, TIME_MS + 490);
  const closed: number[] = [];
  for (let i = 0; i < 50; i += 1) closed.push(after.tick(TIME_MS + WINDOW_MS + i * 10).length);
  expect(closed).toEqual(closed.map(() => 1));
});

describe('limits over a restart', () => {
  const limitOf = (type: Limit['type']): Limit => ({
    name: `by ${type}`,
    type,
    count: 3,
    windowMs: WINDOW_MS,
    track: ['peer'],
    match: { 'net.peer.ip': ['*'] },
  });
  const peer = { attributes: { 'net.peer.ip': '198.51.100.9' } };
  const passed = (merger: TunedMerger, from: number, to: number): number[] => {
    const places: number[] = [];
    for (let i = from; i < to; i += 1)
      if (merger.offer(candidate({ ...peer, key: `k${i}`, timeMs: TIME_MS + i }), TIME_MS + i) !== undefined)
        places.push(i);
    return places;
  };

  it.each(LIMIT_TYPES)('%s: the same alerts pass as without one', (type) => {
    const limits = [limitOf(type)];
    const whole = passed(begin(limits), 0, 40);
    for (const closed of [false, true]) {
      for (let at = 1; at < 39; at += 5) {
        const before = begin(limits);
        const first = passed(before, 0, at);
        expect([...first, ...passed(restarted(before, { closed, limits }), at, 40)]).toEqual(whole);
      }
    }
  });

  it('closing records of both runs count each withheld alert once', () => {
    const limits = [limitOf('limit')];
    const before = begin(limits);
    passed(before, 0, 10);
    const kept = [...before.saveLimits({ closed: true })];
    const told = before.flush(TIME_MS);
    const after = begin(limits);
    after.restoreLimits(kept, TIME_MS);
    passed(after, 10, 15);
    const rest = after
      .tick(TIME_MS + 2 * WINDOW_MS)
      .filter(({ attributes }) => attributes['telegen.limit'] !== undefined);
    expect(
      counts([...told.filter(({ attributes }) => attributes['telegen.limit'] !== undefined), ...rest]),
    ).toEqual([10, 5]);
  });

  it('that have changed begin anew, and are counted', () => {
    const before = begin([limitOf('limit')]);
    passed(before, 0, 10);
    const after = begin([{ ...limitOf('limit'), count: 4 }]);
    expect(after.restoreLimits([...before.saveLimits({ closed: false })], TIME_MS)).toBe(1);
    expect(passed(after, 10, 20)).toEqual([10, 11, 12, 13]);
  });
});
