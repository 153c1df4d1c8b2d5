import type { RecordCounters } from '../capture/live/counters.ts';
import type { LossEvent } from '../model/event.ts';

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
