import type { Attributes } from '../../model/finding.ts';
import type { PacketRateEvent } from '../../model/packets.ts';
import { actorAttributes } from '../../net/event-attributes.ts';
import type { Baseline } from './baseline.ts';
import { createBaseline, learn } from './baseline.ts';
import type { Reported } from './classify.ts';
import type { Rates, Signal } from './options.ts';
import { SIGNALS } from './options.ts';
import type { Traffic } from './rates.ts';

/** An unusual rate that has been reported and is not over. */
export interface Anomaly {
  verdict: Reported;
  /** The signal that gives the alert its rate. */
  readonly signal: Signal;
  /** Before it began, per second. */
  readonly baseline: number;
  readonly threshold: number;
  readonly beganMs: number;
  lastOverMs: number;
  nextUpdateMs: number;
  updateEveryMs: number;
  updates: number;
  peak: number;
  /** From its begin to the last window that stood out, the ordinary traffic of the scope included. */
  packets: number;
  bytes: number;
  /** Of the windows since, which belong to it only if another one stands out. */
  readonly pause: { packets: number; bytes: number };
  /** The most sources of one window. */
  mostSources: number;
  /** The window with the highest rate. */
  worst: PacketRateEvent;
  /** The process that sent most of it: looked up then, for it may be gone when this is told. */
  sender: Attributes;
  /** What the rates have been of late: the baseline when it goes on for too long. */
  readonly recent: ReadonlyMap<Signal, Baseline>;
}

/** Windows over which `recent` looks back. */
const RECENT_WINDOWS = 300;

export function createAnomaly(
  of: Pick<Anomaly, 'verdict' | 'signal' | 'baseline' | 'threshold' | 'beganMs' | 'updateEveryMs'>,
  event: PacketRateEvent,
): Anomaly {
  const nowMs = event.timeMs;
  return {
    ...of,
    lastOverMs: nowMs,
    nextUpdateMs: nowMs + of.updateEveryMs,
    updates: 0,
    peak: 0,
    packets: 0,
    bytes: 0,
    pause: { packets: 0, bytes: 0 },
    mostSources: 0,
    worst: event,
    sender: {},
    recent: new Map(SIGNALS.map((signal) => [signal, createBaseline(0)])),
  };
}

/** Adds a window to the sums. `isOver`: it stands out. */
export function addWindow(
  anomaly: Anomaly,
  { rates, bytes }: Traffic,
  { event, isOver }: { readonly event: PacketRateEvent; readonly isOver: boolean },
): void {
  const seconds = event.intervalMs / 1000;
  if (rates[anomaly.signal] > anomaly.peak) {
    anomaly.peak = rates[anomaly.signal];
    anomaly.worst = event;
    anomaly.sender = senderOf(event);
  }
  anomaly.pause.packets += rates.packets * seconds;
  anomaly.pause.bytes += bytes * seconds;
  if (isOver) endPause(anomaly, event.timeMs);
  anomaly.mostSources = Math.max(anomaly.mostSources, event.sourcesSeen);
  for (const [signal, baseline] of anomaly.recent)
    learn(baseline, rates[signal as keyof Rates], {
      cap: Number.POSITIVE_INFINITY,
      halfLifeWindows: RECENT_WINDOWS,
    });
}

function endPause(anomaly: Anomaly, nowMs: number): void {
  const { pause } = anomaly;
  anomaly.packets += pause.packets;
  anomaly.bytes += pause.bytes;
  pause.packets = pause.bytes = 0;
  anomaly.lastOverMs = nowMs;
}

/** Whether it is time for the next update; each comes after twice the time of the one before. */
export function isUpdateDue(anomaly: Anomaly, nowMs: number): boolean {
  if (nowMs < anomaly.nextUpdateMs) return false;
  anomaly.updateEveryMs *= 2;
  anomaly.nextUpdateMs = nowMs + anomaly.updateEveryMs;
  return true;
}

/** The process that sends most of what goes out. */
function senderOf({ direction, senders, total }: PacketRateEvent): Attributes {
  const first = senders?.[0];
  if (direction === 'inbound' || first === undefined || first.packets < total.packets / 2) return {};
  return actorAttributes(first);
}
