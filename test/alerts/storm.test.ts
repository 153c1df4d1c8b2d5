import { describe, expect, it } from 'vitest';
import type { AlertCandidate } from '../../src/alerts/combine.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { createTunedMerger } from '../../src/alerts/tuning/tuned-merger.ts';
import type { Alert, Severity } from '../../src/model/finding.ts';
import { candidate, TIME_MS } from './fixtures.ts';

const STORM = 1_000_000;
const MAX_KEYS = 50_000;
/** Ten seconds, 100 findings each millisecond. */
const timeOf = (index: number): number => TIME_MS + index / 100;

function build() {
  let uids = 0;
  const newUid = (): string => `${++uids}`;
  const merger = createTunedMerger({
    merger: createMerger({ windowMs: 300_000, newUid }),
    newUid,
    onExpired: () => {},
  });
  return merger;
}

function rage(of: (index: number) => AlertCandidate) {
  const merger = build();
  const alerts: Alert[] = [];
  let largest = 0;
  for (let index = 0; index < STORM; index += 1) {
    const alert = merger.offer(of(index), timeOf(index));
    if (alert !== undefined) alerts.push(alert);
    if (index % 100_000 === 0) alerts.push(...merger.tick(timeOf(index)));
    largest = Math.max(largest, merger.size);
  }
  alerts.push(...merger.flush(timeOf(STORM)));
  return { alerts, largest, counters: merger.counters };
}

/** What the records say of how many there were: closing records count all of their window, others stand for themselves. */
function told(alerts: readonly Alert[]): number {
  const closing = alerts.filter(({ attributes }) => attributes['telegen.summary'] === true);
  return closing.reduce((sum, { attributes }) => sum + Number(attributes['telegen.count']), 0);
}

describe('a storm of a million findings in ten seconds', () => {
  it('that are alike: two records, and the right count', () => {
    const { alerts, counters } = rage((index) => candidate({ key: 'same', timeMs: timeOf(index) }));
    expect(alerts).toHaveLength(2);
    expect(told(alerts)).toBe(STORM);
    expect(counters).toMatchObject({ findings: STORM, sent: 1, merged: STORM - 1, summaries: 1 });
  });

  it('that all differ: bounded windows, exact counts, and each of the gravest by itself', () => {
    const severityOf = (index: number): Severity =>
      index % 100 === 99 ? 'CRITICAL' : index % 2 === 0 ? 'INFO' : 'WARNING';
    const { alerts, largest, counters } = rage((index) =>
      candidate({
        key: `k${index}`,
        timeMs: timeOf(index),
        severity: severityOf(index),
        attributes: { 'net.peer.port': index },
      }),
    );
    expect(largest).toBeLessThanOrEqual(MAX_KEYS * 1.4 + 1);
    expect(counters.findings).toBe(STORM);
    expect(counters.sent + counters.merged).toBe(STORM);
    const single = alerts.filter(({ attributes }) => attributes['telegen.summary'] !== true);
    expect(single.filter(({ severity }) => severity === 'CRITICAL')).toHaveLength(STORM / 100);
    // Every finding is in a record: by itself, or in the count of the window that they were folded into.
    const folded = alerts.find(
      ({ attributes }) => attributes['telegen.overflow'] && attributes['telegen.summary'],
    );
    const alone = single.filter(({ attributes }) => attributes['telegen.overflow'] !== true);
    expect(alone.length + Number(folded?.attributes['telegen.count'])).toBe(STORM);
  });
});
