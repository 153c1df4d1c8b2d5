import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMerger, type Merger } from '../../src/alerts/merge.ts';
import { type Alert, SEVERITIES } from '../../src/model/finding.ts';
import { candidate, TIME_MS } from './fixtures.ts';

const WINDOW_MS = 1000;

function merger(options: { maxKeys?: number } = {}): Merger {
  let n = 0;
  return createMerger({
    windowMs: WINDOW_MS,
    newUid: () => {
      n += 1;
      return `uid-${n}`;
    },
    ...options,
  });
}

describe('merging', () => {
  it('sends the first at once, unchanged and without a count', () => {
    expect(merger().offer(candidate(), 0)).toEqual({
      uid: 'uid-1',
      timeMs: TIME_MS,
      severity: 'WARNING',
      body: candidate().body,
      attributes: candidate().attributes,
    });
  });

  it('closes a window of several with one record', () => {
    const m = merger();
    m.offer(candidate(), 0);
    expect(m.offer(candidate({ timeMs: TIME_MS + 5, reasons: ['blocklist', 'other'] }), 5)).toBeUndefined();
    expect(m.offer(candidate({ timeMs: TIME_MS + 3 }), 999)).toBeUndefined();
    expect(m.tick(999)).toEqual([]);
    expect(m.tick(1000)).toEqual([
      {
        uid: 'uid-2',
        timeMs: TIME_MS + 5,
        severity: 'WARNING',
        body: candidate().body,
        attributes: {
          'net.peer.ip': '198.51.100.50',
          'telegen.reasons': ['blocklist', 'other'],
          'telegen.summary': true,
          'telegen.count': 3,
          'telegen.first_seen': '2024-01-15T10:30:00.123Z',
          'telegen.last_seen': '2024-01-15T10:30:00.128Z',
        },
      },
    ]);
    expect(m.counters).toEqual({ findings: 3, sent: 1, merged: 2, summaries: 1, overflowed: 0 });
    expect(m.size).toBe(0);
  });

  it('closes a window of one without a word', () => {
    const m = merger();
    m.offer(candidate(), 0);
    expect(m.tick(5000)).toEqual([]);
    expect(m.size).toBe(0);
  });

  it('starts a new window when the old one has ended, even when nobody ticked', () => {
    const m = merger();
    m.offer(candidate(), 0);
    m.offer(candidate(), 1);
    expect(m.offer(candidate(), 1000)?.uid).toBeDefined();
    expect(m.tick(1000)).toHaveLength(1);
    m.offer(candidate(), 1001);
    expect(m.flush(1002)[0]?.attributes['telegen.count']).toBe(2);
    expect(m.flush(1002)).toEqual([]);
  });

  it('sends a graver one at once; the closing record takes its words', () => {
    const m = merger();
    m.offer(candidate({ severity: 'WARNING' }), 0);
    const graver = candidate({ severity: 'CRITICAL', body: 'graver', reasons: ['worse'] });
    expect(m.offer(graver, 1)).toMatchObject({ severity: 'CRITICAL', body: 'graver' });
    expect(m.offer(candidate({ severity: 'ERROR' }), 2)).toBeUndefined();
    expect(m.offer(graver, 3)).toBeUndefined();
    const [closing] = m.flush(4);
    expect(closing).toMatchObject({ severity: 'CRITICAL', body: 'graver' });
    expect(closing?.attributes).toMatchObject({
      'telegen.count': 4,
      'telegen.reasons': ['worse', 'blocklist'],
    });
    expect(m.counters).toMatchObject({ findings: 4, sent: 2, merged: 2, summaries: 1 });
  });

  it('keeps keys apart', () => {
    const m = merger();
    expect(m.offer(candidate({ key: 'a' }), 0)).toBeDefined();
    expect(m.offer(candidate({ key: 'b' }), 0)).toBeDefined();
  });

  it('merges nothing with a window of zero', () => {
    const m = createMerger({ windowMs: 0, newUid: () => 'u' });
    expect([m.offer(candidate(), 0), m.offer(candidate(), 0)]).not.toContain(undefined);
    expect(m.counters).toMatchObject({ sent: 2, merged: 0 });
  });

  it('bounds the reasons of a window', () => {
    const m = merger();
    for (let i = 0; i < 1000; i += 1) m.offer(candidate({ reasons: [`r${i}`] }), 0);
    expect(m.flush(0)[0]?.attributes['telegen.reasons']).toHaveLength(64);
  });
});

describe('a full table of keys', () => {
  it('folds new keys into one per detector: a storm becomes summaries, never silence', () => {
    const m = merger({ maxKeys: 2 });
    const storm = Array.from({ length: 1000 }, (_, i) =>
      m.offer(candidate({ key: `k${i}`, detector: i % 2 ? 'odd' : 'even' }), 0),
    );
    const sent = storm.filter((alert) => alert !== undefined);
    expect(sent.map((alert) => alert.attributes['telegen.overflow'])).toEqual([
      undefined,
      undefined,
      true,
      true,
    ]);
    const closing = m.tick(WINDOW_MS);
    expect(closing.map((alert) => alert.attributes['telegen.count'])).toEqual([499, 499]);
    expect(closing.every((alert) => alert.attributes['telegen.overflow'] === true)).toBe(true);
    expect(m.counters).toEqual({ findings: 1000, sent: 4, merged: 996, summaries: 2, overflowed: 998 });
  });

  it('does not fold keys that are known already, and takes new ones again later', () => {
    const m = merger({ maxKeys: 1 });
    m.offer(candidate({ key: 'a' }), 0);
    m.offer(candidate({ key: 'a' }), 0);
    expect(m.counters.overflowed).toBe(0);
    m.tick(WINDOW_MS);
    expect(m.offer(candidate({ key: 'b' }), WINDOW_MS)?.attributes['telegen.overflow']).toBeUndefined();
  });

  it('stays bounded when nobody ticks', () => {
    const m = merger({ maxKeys: 10 });
    for (let i = 0; i < 10_000; i += 1) {
      m.offer(candidate({ key: `k${i >> 1}` }), i * WINDOW_MS * 2 + (i % 2));
      m.offer(candidate({ key: `k${i >> 1}` }), i * WINDOW_MS * 2 + (i % 2));
    }
    expect(m.size).toBeLessThanOrEqual(11);
    const { findings, sent, merged } = m.counters;
    expect(findings).toBe(sent + merged);
  });
});

describe('time', () => {
  it('holds small steps back', () => {
    const m = merger();
    m.offer(candidate({ key: 'a' }), 500);
    m.offer(candidate({ key: 'b' }), 100);
    m.offer(candidate({ key: 'b' }), 100);
    expect(m.tick(1499)).toEqual([]);
    expect(m.tick(1500)).toHaveLength(1);
  });

  it('closes all windows when the clock was set back, instead of staying silent until it has caught up', () => {
    const m = merger();
    m.offer(candidate(), 86_400_000);
    m.offer(candidate(), 86_400_000);
    expect(m.offer(candidate(), 10)).toBeDefined();
    expect(m.tick(11)).toHaveLength(1);
    m.offer(candidate(), 12);
    expect(m.tick(1010)).toHaveLength(1);
  });
});

describe('conservation', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 12 }),
    severity: fc.constantFrom(...SEVERITIES),
    advanceMs: fc.integer({ min: -400, max: 700 }),
    tick: fc.boolean(),
  });

  it('sends or merges each finding exactly once, and summaries account for all of them', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 15 }), (steps, maxKeys) => {
        const m = merger({ maxKeys });
        const first: Alert[] = [];
        const closing: Alert[] = [];
        let nowMs = 10_000;
        for (const { key, severity, advanceMs, tick } of steps) {
          nowMs += advanceMs;
          const alert = m.offer(candidate({ key: `k${key}`, severity }), nowMs);
          if (alert !== undefined) first.push(alert);
          if (tick) closing.push(...m.tick(nowMs));
        }
        closing.push(...m.flush(nowMs));
        const { findings, sent, merged, summaries } = m.counters;
        expect(findings).toBe(steps.length);
        expect(sent + merged).toBe(findings);
        expect(sent).toBe(first.length);
        expect(summaries).toBe(closing.length);
        // A closing record counts its whole window, so everything merged is told of.
        const counted = closing.reduce((sum, alert) => sum + Number(alert.attributes['telegen.count']), 0);
        expect(counted).toBeGreaterThanOrEqual(merged + closing.length);
        expect(counted).toBeLessThanOrEqual(findings);
        expect(new Set([...first, ...closing].map((alert) => alert.uid)).size).toBe(
          first.length + closing.length,
        );
        expect(m.size).toBe(0);
      }),
    );
  });
});
