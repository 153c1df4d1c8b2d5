import type { Alert } from './finding.ts';

/** Why an alert or event never reached its destination. `shed`: telemetry that gave way to alerts. */
export type LossReason =
  | 'queue_full'
  | 'shed'
  | 'rejected'
  | 'shutdown'
  | 'sink_closed'
  | 'sink_error'
  | 'too_large'
  | 'spool_full'
  | 'spool_age'
  | 'spool_corrupt';
/** What becomes of an alert in the end. */
export type End = 'delivered' | LossReason;
export type SettleEnd = (end: End) => void;
/** `spooled`: it is safe on disk; from there on the sink's own counters tell what becomes of it. */
export type Outcome = End | 'spooled';
export type Settle = (outcome: Outcome) => void;

/** `accepted + restored === delivered + pending + spooled + sum of lost`. */
export interface SinkCounters {
  readonly accepted: number;
  readonly delivered: number;
  /** In memory alone. */
  readonly pending: number;
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** Only of a sink with a spool: on disk, not delivered yet. */
  readonly spooled?: number;
  /** Only of a sink with a spool: left by an earlier run. */
  readonly restored?: number;
  /** Only of a destination with a filter: not wanted there, and not part of `accepted`. */
  readonly filtered?: number;
}

/**
 * Where alerts leave. The sink keeps an alert until its destination has taken it, or it is lost; it never blocks.
 * A durable spool is a sink in front of another: it removes an alert from disk when `settled` says `delivered` or
 * `rejected`, and keeps it on any other outcome.
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
  /** Only of a sink with a spool. */
  readonly disk?: DiskUse;
}

/** What a spool holds on disk. */
export interface DiskUse {
  readonly bytes: number;
  /** When the oldest alert that waits was taken, epoch milliseconds, as exactly as its file tells. */
  readonly oldestMs?: number;
}
