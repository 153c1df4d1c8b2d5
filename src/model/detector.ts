import type { ConnectionEvent } from './event.ts';
import type { Finding } from './finding.ts';

/** One way of recognising something worth an analyst's time. Pure: time comes with the event. */
export interface Detector {
  readonly name: string;
  /** Judges one event; returns undefined for nothing to say. Must not throw, block or keep unbounded state. */
  inspect(event: ConnectionEvent): Finding | undefined;
}
