import type { Alert } from './finding.ts';

/** Why an alert or event never reached its destination. `shed`: telemetry that gave way to alerts. */
export type LossReason = 'queue_full' | 'shed' | 'rejected' | 'shutdown' | 'sink_closed' | 'sink_error';
export type Outcome = 'delivered' | LossReason;
export type Settle = (outcome: Outcome) => void;

/** `accepted === delivered + pending + sum of lost`. */
export interface SinkCounters {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
}

/**
 * Where alerts leave. The sink keeps an alert until its destination has taken it, or it is lost; it never blocks.
 * A durable spool is a sink in front of another: it acknowledges an alert on disk when `settled` says `delivered`,
 * and keeps it on any other outcome.
 */
export interface AlertSink {
  readonly name: string;
  /** Takes an alert over. `settled` is called exactly once, now or later. Does not throw. */
  send(alert: Alert, settled?: Settle): void;
  /** Waits until everything is out or the time is over; true when nothing is left. What is left stays queued. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Frees all resources. What is still queued settles as `shutdown`. */
  close(): Promise<void>;
  readonly counters: SinkCounters;
}
