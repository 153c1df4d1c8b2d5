import { afterEach, describe, expect, it } from 'vitest';
import { createDelivery } from '../../src/alerts/deliver.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { createTunedMerger } from '../../src/alerts/tuning/tuned-merger.ts';
import type { Severity } from '../../src/model/finding.ts';
import { candidate, TIME_MS } from '../alerts/fixtures.ts';
import { closeSpools, destination, makeFolder, spoolIn } from '../alerts/spool/spool-fixture.ts';
import { expectBalanced } from '../support/conservation.ts';
import { eventually } from '../support/eventually.ts';

const STORM = 1_000_000;
/** Findings in one turn of the event loop. */
const BURST = 2_000;
const GRAVE_EVERY = 500;
const MEBIBYTE = 1_048_576;

afterEach(closeSpools);

/** A storm through merger, delivery and spool, with a collector that is away. */
async function rage(keyOf: (index: number) => string) {
  let uids = 0;
  const newUid = (): string => `uid-${++uids}`;
  const sink = destination(() => undefined);
  const spool = await spoolIn(makeFolder(), sink, { maxBytes: 16 * MEBIBYTE });
  const delivery = createDelivery({ sinks: [spool] });
  const merger = createTunedMerger({
    merger: createMerger({ windowMs: 300_000, newUid }),
    newUid,
    onExpired: () => {},
  });
  const severityOf = (index: number): Severity =>
    index % GRAVE_EVERY === GRAVE_EVERY - 1 ? 'CRITICAL' : 'INFO';
  const heapBefore = process.memoryUsage().heapUsed;
  let heap = 0;
  for (let index = 0; index < STORM; index += 1) {
    const timeMs = TIME_MS + index / 100;
    const sent = merger.offer(candidate({ key: keyOf(index), timeMs, severity: severityOf(index) }), timeMs);
    if (sent !== undefined) delivery.send(sent);
    if (index % BURST !== 0) continue;
    heap = Math.max(heap, process.memoryUsage().heapUsed - heapBefore);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const record of merger.flush(TIME_MS + STORM)) delivery.send(record);
  await eventually(
    () => spool.counters.pending === 0,
    () => `the disk: ${JSON.stringify(spool.counters)}`,
  );
  return { spool, sink, delivery, merger, heap };
}

describe('a storm of a million findings while the collector is away', () => {
  it('that are alike: a handful of records, and the right count', async () => {
    const { merger, delivery, spool, sink } = await rage(() => 'same');
    expect(merger.counters).toMatchObject({ findings: STORM, sent: 2, merged: STORM - 2, summaries: 1 });
    expect(delivery.counters().otlp).toMatchObject({ accepted: 3, spooled: 3, lost: {} });
    expectBalanced(spool.counters);
    sink.answer = () => 'delivered';
    sink.settleAll('delivered');
    expect(await spool.flush(20_000)).toBe(true);
    expect(sink.got).toHaveLength(3);
  });

  it('that all differ: bounded memory and disk, each accounted for, and every one of the gravest kept', async () => {
    const { merger, spool, sink, heap } = await rage((index) => `k${index}`);
    const { findings, sent, merged } = merger.counters;
    expect(findings).toBe(STORM);
    expect(sent + merged).toBe(STORM);
    expectBalanced(spool.counters);
    expect(spool.counters.accepted).toBe(sent + merger.counters.summaries);
    // Faster than the disk, and more than it may hold.
    const reasons = Object.keys(spool.counters.lost);
    expect(reasons.length).toBeGreaterThan(0);
    expect(['queue_full', 'spool_full']).toEqual(expect.arrayContaining(reasons));
    // 70,000 windows, 10,000 alerts in memory, and what the collector of garbage has not seen yet.
    expect(heap / MEBIBYTE).toBeLessThan(600);
    const severe = new Set<string>();
    sink.answer = ({ uid, severity }) => {
      if (severity === 'CRITICAL') severe.add(uid);
      return 'delivered';
    };
    // What was handed out before it was away for good comes again.
    sink.settleAll('queue_full');
    expect(await spool.flush(60_000)).toBe(true);
    expect(severe.size).toBeGreaterThanOrEqual(STORM / GRAVE_EVERY);
    expectBalanced(spool.counters);
  }, 180_000);
});
