import type { LossReason, Settle, SettleEnd, SinkCounters } from '../../model/sink.ts';

/** News for the operator (stderr), already rate limited. */
export interface ExportReport {
  readonly level: 'error' | 'info';
  readonly message: string;
}
export type OnReport = (report: ExportReport) => void;

/** A sink's books: `open` counts one alert as accepted and gives the function that settles it, once. */
export interface Books {
  open(settled: Settle | undefined): SettleEnd;
  readonly counters: SinkCounters;
}

/** Creates empty books. */
export function createBooks(): Books {
  const lost: Partial<Record<LossReason, number>> = {};
  const counters = { accepted: 0, delivered: 0, pending: 0, lost };
  return {
    counters,
    open(settled) {
      counters.accepted += 1;
      counters.pending += 1;
      let done = false;
      return (outcome) => {
        if (done) return;
        done = true;
        counters.pending -= 1;
        if (outcome === 'delivered') counters.delivered += 1;
        else lost[outcome] = (lost[outcome] ?? 0) + 1;
        settled?.(outcome);
      };
    },
  };
}
