import type { RecordCounters } from '../capture/live/counters.ts';
import type { LossEvent } from '../model/event.ts';
import type { SinkCounters } from '../model/sink.ts';

/** Why a record of the class is lost; `socket_state` and the like are kernel tables without room. */
export function reasonOf(recordClass: string): string {
  return recordClass.endsWith('_state') ? 'kernel_table_full' : 'ring_full';
}

/** Turns the kernel side's drop counters into loss events: each lost record is reported exactly once. */
export function createLossWatch(
  report: (event: LossEvent) => void,
): (counters: RecordCounters, nowMs: number) => void {
  const reported = new Map<string, number>();
  return (counters, nowMs) => {
    for (const [what, { dropped }] of Object.entries(counters)) {
      const count = dropped - (reported.get(what) ?? 0);
      if (count <= 0) continue;
      reported.set(what, dropped);
      report({ kind: 'loss', timeMs: nowMs, what, reason: reasonOf(what), count });
    }
  };
}

/** A report of lost alerts is an alert itself: one that is lost, too, must not call for another at once. */
const ALERT_LOSS_INTERVAL_MS = 60_000;

/** Turns lost alerts into loss events, per destination and reason once a minute at most: each is reported once. */
export function createAlertLossWatch(
  report: (event: LossEvent) => void,
): (sinks: Readonly<Record<string, SinkCounters>>, nowMs: number) => void {
  const reported = new Map<string, { count: number; atMs: number }>();
  return (sinks, nowMs) => {
    for (const [destination, { lost }] of Object.entries(sinks)) {
      for (const [reason, total] of Object.entries(lost)) {
        const key = `${destination} ${reason}`;
        const before = reported.get(key) ?? { count: 0, atMs: Number.NEGATIVE_INFINITY };
        const count = total - before.count;
        if (count <= 0 || Math.abs(nowMs - before.atMs) < ALERT_LOSS_INTERVAL_MS) continue;
        reported.set(key, { count: total, atMs: nowMs });
        report({ kind: 'loss', timeMs: nowMs, what: 'alert', reason, count, destination });
      }
    }
  };
}
