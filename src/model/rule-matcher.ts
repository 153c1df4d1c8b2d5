import type { AskedKind, JudgedEvent } from './detector.ts';
import type { PacketEvent, ProcessEvent } from './event.ts';
import type { Finding } from './finding.ts';

/** Rules that judge events as detectors do, but of which many may have something to say. Pure: time comes with the event. */
export interface RuleMatcher {
  /** Kinds of events that rules judge: they are made for them. */
  readonly asks: readonly AskedKind[];
  /** What rules say of one event; each finding is an alert of its own. `found` is what detectors said of it. */
  inspect(event: JudgedEvent | PacketEvent | ProcessEvent, found: readonly Finding[]): readonly Finding[];
  /** What has become due by this time: correlations that are decided when their window closes. */
  tick(nowMs: number): readonly Finding[];
  /** Decides everything that is still open. */
  finish(nowMs: number): readonly Finding[];
}
