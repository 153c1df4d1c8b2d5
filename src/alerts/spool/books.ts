import type { LossReason, SinkCounters } from '../../model/sink.ts';

/** A spool's counters, with the few moves that there are between them. */
export interface SpoolBooks {
  readonly counters: SinkCounters & { readonly spooled: number; readonly restored: number };
  /** Taken from the sender: in memory. */
  accept(): void;
  /** Left by an earlier run; `destroyed` of it is unreadable. */
  restore(waiting: number, destroyed: number): void;
  toDisk(count: number): void;
  /** What was on disk, and is in memory still, has lost its file. */
  toMemory(count: number): void;
  deliver(from: 'disk' | 'memory'): void;
  lose(from: 'disk' | 'memory', reason: LossReason, count?: number): void;
}

/** Creates empty books. */
export function createSpoolBooks(): SpoolBooks {
  const lost: Partial<Record<LossReason, number>> = {};
  const counters = { accepted: 0, delivered: 0, pending: 0, lost, spooled: 0, restored: 0 };
  const take = (from: 'disk' | 'memory', count: number): void => {
    if (from === 'disk') counters.spooled -= count;
    else counters.pending -= count;
  };
  return {
    counters,
    accept() {
      counters.accepted += 1;
      counters.pending += 1;
    },
    restore(waiting, destroyed) {
      counters.restored += waiting + destroyed;
      counters.spooled += waiting;
      if (destroyed > 0) lost.spool_corrupt = (lost.spool_corrupt ?? 0) + destroyed;
    },
    toDisk(count) {
      counters.pending -= count;
      counters.spooled += count;
    },
    toMemory(count) {
      counters.spooled -= count;
      counters.pending += count;
    },
    deliver(from) {
      take(from, 1);
      counters.delivered += 1;
    },
    lose(from, reason, count = 1) {
      take(from, count);
      lost[reason] = (lost[reason] ?? 0) + count;
    },
  };
}
