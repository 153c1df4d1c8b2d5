import type { Alert } from '../../model/finding.ts';

/** Why an alert never reached its destination. */
export type ExportLoss = 'queue_full' | 'rejected' | 'shutdown' | 'sink_closed' | 'sink_error';
export type ExportOutcome = 'delivered' | ExportLoss;
export type Settle = (outcome: ExportOutcome) => void;

/** `accepted === delivered + pending + sum of lost`. */
export interface ExportCounters {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly lost: Readonly<Partial<Record<ExportLoss, number>>>;
}

/** A way out for alerts. Has the shape of `AlertSink` of src/alerts, which this folder may not import. */
export interface ExportSink {
  readonly name: string;
  send(alert: Alert, settled?: Settle): void;
  flush(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
  readonly counters: ExportCounters;
}

/** News for the operator (stderr), already rate limited. */
export interface ExportReport {
  readonly level: 'error' | 'info';
  readonly message: string;
}
export type OnReport = (report: ExportReport) => void;

/** A sink's books: `open` counts one alert as accepted and gives the function that settles it, once. */
export interface Books {
  open(settled: Settle | undefined): Settle;
  readonly counters: ExportCounters;
}

/** Creates empty books. */
export function createBooks(): Books {
  const lost: Partial<Record<ExportLoss, number>> = {};
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
