import type { JudgedEvent } from './detector.ts';
import type { LossEvent, PacketEvent, ProcessEvent } from './event.ts';

/** In order of gravity. */
export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type Severity = (typeof SEVERITIES)[number];

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What one detector says of one event. Detectors and rules produce the same type. */
export interface Finding {
  readonly detector: string;
  /** `network.event_type` of the alert. */
  readonly eventType: string;
  readonly severity: Severity;
  /** Orders findings of one event; the highest gives the alert its body. */
  readonly gravity: number;
  readonly body: string;
  /** Short machine-readable reason for `telegen.reasons`. */
  readonly reason: string;
  readonly event: JudgedEvent | PacketEvent | LossEvent | ProcessEvent;
  /** What the finding is about, when it is not the peer's address (a name that was asked for): findings merge by it. */
  readonly subject?: string;
  readonly attributes: Attributes;
  /** Takes the place of the detector's name where like alerts are merged: a rule, and the group of a correlation. */
  readonly mergeAs?: string;
  /** About more than its event: an alert of its own, not combined with what others say of the event. */
  readonly alone?: true;
}

/** What leaves for the SIEM: the specification's form. */
export interface Alert {
  /** `log.record.uid`: the same over retries. */
  readonly uid: string;
  readonly timeMs: number;
  readonly severity: Severity;
  readonly body: string;
  readonly attributes: Attributes;
}
