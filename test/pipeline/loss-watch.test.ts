import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LossEvent } from '../../src/model/event.ts';
import { createAlertLossWatch, createLossWatch } from '../../src/pipeline/loss-watch.ts';

function build() {
  const reports: LossEvent[] = [];
  return { reports, watch: createLossWatch((event) => reports.push(event)) };
}

const counter = (dropped: number, submitted = 100) => ({ submitted, dropped });

describe('the loss watch', () => {
  it('says nothing while nothing is lost', () => {
    const { reports, watch } = build();
    watch({ attempted: counter(0), closed: counter(0) }, 1);
    watch({ attempted: counter(0, 5_000), closed: counter(0) }, 2);
    expect(reports).toEqual([]);
  });

  it('reports what was lost since the last look, by kind, with its reason', () => {
    const { reports, watch } = build();
    watch({ attempted: counter(3), socket_state: counter(0) }, 1);
    watch({ attempted: counter(3), socket_state: counter(2) }, 2);
    watch({ attempted: counter(10), socket_state: counter(2) }, 3);
    expect(reports).toEqual([
      { kind: 'loss', timeMs: 1, what: 'attempted', reason: 'ring_full', count: 3 },
      { kind: 'loss', timeMs: 2, what: 'socket_state', reason: 'kernel_table_full', count: 2 },
      { kind: 'loss', timeMs: 3, what: 'attempted', reason: 'ring_full', count: 7 },
    ]);
  });

  it('reports each lost record exactly once, however often it looks', () => {
    const steps = fc.array(fc.record({ a: fc.nat(1000), b_state: fc.nat(1000) }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (increments) => {
        const { reports, watch } = build();
        const sums = { a: 0, b_state: 0 };
        increments.forEach((increment, index) => {
          sums.a += increment.a;
          sums.b_state += increment.b_state;
          watch({ a: counter(sums.a), b_state: counter(sums.b_state) }, index);
        });
        for (const what of ['a', 'b_state'] as const) {
          const mine = reports.filter((report) => report.what === what);
          expect(mine.reduce((sum, report) => sum + report.count, 0)).toBe(sums[what]);
          expect(mine.every((report) => report.count > 0)).toBe(true);
        }
      }),
    );
  });
});

describe('the watch over lost alerts', () => {
  const sinks = (lost: Record<string, number>) => ({ otlp: { accepted: 0, delivered: 0, pending: 0, lost } });

  it('reports by destination and reason, once a minute, and each alert once', () => {
    const reports: LossEvent[] = [];
    const watch = createAlertLossWatch((event) => reports.push(event));
    watch(sinks({}), 0);
    watch(sinks({ spool_full: 3 }), 1_000);
    watch(sinks({ spool_full: 9, rejected: 1 }), 2_000);
    watch(sinks({ spool_full: 10, rejected: 1 }), 60_999);
    watch(sinks({ spool_full: 11, rejected: 1 }), 61_000);
    expect(
      reports.map(({ timeMs, reason, count, destination }) => [timeMs, destination, reason, count]),
    ).toEqual([
      [1_000, 'otlp', 'spool_full', 3],
      [2_000, 'otlp', 'rejected', 1],
      [61_000, 'otlp', 'spool_full', 8],
    ]);
  });
});
