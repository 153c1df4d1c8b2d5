import { ATTR } from '../model/attributes.ts';
import type { Alert, Attributes } from '../model/finding.ts';
import { SEVERITIES } from '../model/finding.ts';
import { isoTime } from '../net/iso-time.ts';
import type { AlertCandidate } from './combine.ts';

/** Reasons are few by design; this keeps a window bounded whatever a detector does. */
const MAX_REASONS = 64;

/** One key's open window. */
export interface MergeWindow {
  readonly key: string;
  readonly closesAtMs: number;
  readonly overflow: boolean;
  /** The gravest alert sent so far. */
  sent: AlertCandidate;
  readonly reasons: Set<string>;
  count: number;
  firstSeenMs: number;
  lastSeenMs: number;
  next: MergeWindow | undefined;
}

export function rank(candidate: AlertCandidate): number {
  return SEVERITIES.indexOf(candidate.severity);
}

export function openWindow(
  key: string,
  first: AlertCandidate,
  at: { closesAtMs: number; overflow: boolean },
): MergeWindow {
  return {
    key,
    ...at,
    sent: first,
    reasons: new Set(first.reasons),
    count: 1,
    firstSeenMs: first.timeMs,
    lastSeenMs: first.timeMs,
    next: undefined,
  };
}

export function mergeInto(window: MergeWindow, candidate: AlertCandidate): void {
  window.count += 1;
  window.firstSeenMs = Math.min(window.firstSeenMs, candidate.timeMs);
  window.lastSeenMs = Math.max(window.lastSeenMs, candidate.timeMs);
  for (const reason of candidate.reasons) {
    if (window.reasons.size < MAX_REASONS) window.reasons.add(reason);
  }
}

export function attributesOf(window: MergeWindow, candidate: AlertCandidate): Attributes {
  return window.overflow ? { ...candidate.attributes, [ATTR.overflow]: true } : candidate.attributes;
}

/** Gravest first: the reasons of what was sent lead, those merged later follow. */
export function closingRecord(window: MergeWindow, uid: string): Alert {
  const { sent } = window;
  return {
    uid,
    timeMs: window.lastSeenMs,
    severity: sent.severity,
    body: sent.body,
    attributes: {
      ...attributesOf(window, sent),
      [ATTR.reasons]: [...new Set([...sent.reasons, ...window.reasons])],
      [ATTR.summary]: true,
      [ATTR.count]: window.count,
      [ATTR.firstSeen]: isoTime(window.firstSeenMs),
      [ATTR.lastSeen]: isoTime(window.lastSeenMs),
    },
  };
}

/** Windows in the order of opening, which is the order of closing: all are equally long. */
export function createWindowQueue() {
  let head: MergeWindow | undefined;
  let tail: MergeWindow | undefined;
  return {
    push(window: MergeWindow): void {
      if (tail === undefined) head = window;
      else tail.next = window;
      tail = window;
    },
    /** Removes and returns the oldest window if it closes by this time. */
    shiftUntil(timeMs: number): MergeWindow | undefined {
      const first = head;
      if (first === undefined || first.closesAtMs > timeMs) return undefined;
      head = first.next;
      if (head === undefined) tail = undefined;
      return first;
    },
  };
}
