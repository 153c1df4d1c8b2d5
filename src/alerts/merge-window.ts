import { ATTR } from '../model/attributes.ts';
import type { Alert, Attributes } from '../model/finding.ts';
import { SEVERITIES } from '../model/finding.ts';
import { isoTime } from '../net/iso-time.ts';
import { type AlertCandidate, settled } from './combine.ts';

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
  /** Of `count`: told by a closing record of a run that ended while the window was open. */
  told: number;
  /** Of its closing record, from the moment that it was saved: one that leaves twice is one record. */
  closingUid: string | undefined;
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
    sent: settled(first),
    reasons: new Set(first.reasons),
    count: 1,
    told: 0,
    closingUid: undefined,
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

/** A window as it outlives the program. */
export type SavedWindow = Omit<MergeWindow, 'next' | 'reasons' | 'closingUid'> & {
  readonly reasons: readonly string[];
  readonly closingUid: string;
};

export function saveWindow({ next: _next, ...window }: MergeWindow, closingUid: string): SavedWindow {
  return { ...window, reasons: [...window.reasons], closingUid };
}

/** The window of an earlier run, which may close no later than this. */
export function restoreWindow(saved: SavedWindow, latestCloseMs: number): MergeWindow {
  const closesAtMs = Math.min(saved.closesAtMs, latestCloseMs);
  return { ...saved, closesAtMs, reasons: new Set(saved.reasons), next: undefined };
}

/** The same window in a run to come, when this one has told all of it in a closing record. */
export function continued(saved: SavedWindow, closingUid: string): SavedWindow {
  const told = saved.count;
  return { ...saved, told, closingUid, firstSeenMs: Number.POSITIVE_INFINITY, lastSeenMs: saved.lastSeenMs };
}

/** Whether anything is left to tell: the first of a window was sent by itself. */
export const hasMore = ({ count, told }: MergeWindow): boolean => count - told > (told > 0 ? 0 : 1);

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
      [ATTR.count]: window.count - window.told,
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
