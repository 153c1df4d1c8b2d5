import type {
  ConnectionEvent,
  ConnectionPhase,
  ContentEvent,
  ContentKind,
  PacketEvent,
  PacketKind,
} from './event.ts';
import type { Finding } from './finding.ts';

/** Events that can be worth an analyst's time by themselves. */
export type JudgedEvent = ConnectionEvent | ContentEvent;

/** Kinds of events that are made only where somebody asks for them. */
export type AskedKind = ContentKind | PacketKind;

/** Phases of connections that every detector is shown. */
export const OPENING_PHASES: readonly ConnectionPhase[] = ['attempted', 'accepted'];

/** One way of recognising something worth an analyst's time. Pure: time comes with the event. */
export interface Detector {
  readonly name: string;
  /**
   * Kinds of events that it wants to judge, or learns from. They are made for it, whatever telemetry is switched off.
   * Absent: all content events.
   */
  readonly asks?: readonly AskedKind[];
  /** Phases of connections that it needs beside `OPENING_PHASES`; the kernel side does not tell the others. */
  readonly phases?: readonly ConnectionPhase[];
  /**
   * Judges one event; returns undefined for nothing to say. Sees every kind of event: most leave at the first line.
   * Must not throw, block or keep unbounded state.
   */
  inspect(event: JudgedEvent): Finding | undefined;
  /** Judges a window of packet counts, or a probe; each finding is an alert of its own. As `inspect` otherwise. */
  inspectPackets?(event: PacketEvent): readonly Finding[];
  /** What has become due by this time, epoch milliseconds; called about once a second. Each finding is an alert. */
  tick?(nowMs: number): readonly Finding[];
  /** Nothing more will come: tells how things stand that were reported as going on. */
  finish?(nowMs: number): readonly Finding[];
  /** What it had to refuse for lack of room, by kind; the names are label values of `telegen_detector_refused`. */
  readonly counters?: Readonly<Record<string, number>>;
}
