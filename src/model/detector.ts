import type { ConnectionEvent, ContentEvent, ContentKind } from './event.ts';
import type { Finding } from './finding.ts';

/** Events that can be worth an analyst's time by themselves. */
export type JudgedEvent = ConnectionEvent | ContentEvent;

/** One way of recognising something worth an analyst's time. Pure: time comes with the event. */
export interface Detector {
  readonly name: string;
  /**
   * Kinds of content events that it wants to judge, or learns from. They are decoded for it, whatever telemetry is
   * switched off. Absent: all.
   */
  readonly asks?: readonly ContentKind[];
  /**
   * Judges one event; returns undefined for nothing to say. Sees every kind of event: most leave at the first line.
   * Must not throw, block or keep unbounded state.
   */
  inspect(event: JudgedEvent): Finding | undefined;
}
