import type { Alert } from '../model/finding.ts';
import { type AlertCandidate, settled } from './combine.ts';
import {
  attributesOf,
  closingRecord,
  continued,
  createWindowQueue,
  hasMore,
  type MergeWindow,
  mergeInto,
  openWindow,
  rank,
  restoreWindow,
  type SavedWindow,
  saveWindow,
} from './merge-window.ts';

const DEFAULT_MAX_KEYS = 50_000;
/** Room beyond `maxKeys` for alerts by rank (INFO to CRITICAL): a storm of lesser ones must not fold graver ones. */
const RESERVE = [0, 0, 0.2, 0.4];

export interface MergerOptions {
  /** Counted from the first alert of a key. */
  readonly windowMs: number;
  /** Windows that may be open at once (for graver alerts up to 40 % more); further keys are folded into one per detector. */
  readonly maxKeys?: number;
  /** A new `log.record.uid` for each record that leaves. */
  readonly newUid: () => string;
}

/** `findings === sent + merged`, always. Summaries are extra records. */
export interface MergeCounters {
  readonly findings: number;
  /** Sent at once: the first of a window, or graver than what was sent before. */
  readonly sent: number;
  readonly merged: number;
  readonly summaries: number;
  /** Of `findings`: folded into a detector's overflow key. */
  readonly overflowed: number;
}

export interface Merger {
  /** Returns the alert to send now, or undefined when it was merged into an open window. */
  offer(candidate: AlertCandidate, nowMs: number): Alert | undefined;
  /** Closing records of the windows that have ended. Call it at least every few seconds. */
  tick(nowMs: number): Alert[];
  /** Closes every window, e.g. at shutdown. */
  flush(nowMs: number): Alert[];
  /** The open windows, for a run to come. `closed`: all of them are about to be flushed, and their closing records sent. */
  save(how: { readonly closed: boolean }): Iterable<SavedWindow>;
  /** Takes over the windows of an earlier run; those that have ended meanwhile close with the next tick. Into an empty merger. */
  restore(saved: readonly SavedWindow[], nowMs: number): void;
  readonly counters: MergeCounters;
  /** Windows open now. */
  readonly size: number;
}

/**
 * A clock that never runs backwards. Small steps back (records out of order) are held; a step of more than a window
 * (the clock was set) is reported, because windows opened before it would otherwise stay open for as long.
 */
function createClock(windowMs: number) {
  let latestMs = Number.NEGATIVE_INFINITY;
  return (nowMs: number): { timeMs: number; steppedBack: boolean } => {
    const steppedBack = nowMs < latestMs - windowMs;
    latestMs = steppedBack ? nowMs : Math.max(latestMs, nowMs);
    return { timeMs: latestMs, steppedBack };
  };
}

/**
 * Merges like alerts inside a window: the first leaves at once, one closing record with the count follows when the
 * window ends. Graver ones are never swallowed. Amortised O(1) per alert; no timer and no clock of its own.
 */
export function createMerger({ windowMs, maxKeys = DEFAULT_MAX_KEYS, newUid }: MergerOptions): Merger {
  const open = new Map<string, MergeWindow>();
  const queue = createWindowQueue();
  const clock = createClock(windowMs);
  const counters = { findings: 0, sent: 0, merged: 0, summaries: 0, overflowed: 0 };
  let due: Alert[] = [];

  function closeUntil(timeMs: number): void {
    for (let window = queue.shiftUntil(timeMs); window !== undefined; window = queue.shiftUntil(timeMs)) {
      open.delete(window.key);
      if (!hasMore(window)) continue;
      counters.summaries += 1;
      due.push(closingRecord(window, window.closingUid ?? newUid()));
    }
  }

  function advance(nowMs: number): number {
    const { timeMs, steppedBack } = clock(nowMs);
    closeUntil(steppedBack ? Number.POSITIVE_INFINITY : timeMs);
    return timeMs;
  }

  function takeDue(): Alert[] {
    const records = due;
    due = [];
    return records;
  }

  function send(window: MergeWindow, candidate: AlertCandidate): Alert {
    counters.sent += 1;
    const { timeMs, severity, body } = candidate;
    return { uid: newUid(), timeMs, severity, body, attributes: attributesOf(window, candidate) };
  }

  /** Records that wait for the next tick take room too, so memory is bounded even when nobody ticks. */
  function keyFor(candidate: AlertCandidate): { key: string; overflow: boolean } {
    const room = maxKeys * (1 + (RESERVE[rank(candidate)] ?? 0));
    const full = open.size + due.length >= room && !open.has(candidate.key);
    if (!full) return { key: candidate.key, overflow: false };
    counters.overflowed += 1;
    return { key: `\u0000overflow\u0000${candidate.detector}`, overflow: true };
  }

  return {
    counters,
    get size() {
      return open.size;
    },
    offer(candidate, nowMs) {
      const timeMs = advance(nowMs);
      counters.findings += 1;
      const { key, overflow } = keyFor(candidate);
      const window = open.get(key);
      if (window === undefined) {
        const opened = openWindow(key, candidate, { closesAtMs: timeMs + windowMs, overflow });
        open.set(key, opened);
        queue.push(opened);
        return send(opened, opened.sent);
      }
      mergeInto(window, candidate);
      if (rank(candidate) > rank(window.sent)) {
        window.sent = settled(candidate);
        return send(window, window.sent);
      }
      counters.merged += 1;
      return undefined;
    },
    *save({ closed }) {
      for (const window of open.values()) {
        window.closingUid ??= newUid();
        const saved = saveWindow(window, window.closingUid);
        yield closed ? continued(saved, newUid()) : saved;
      }
    },
    restore(saved, nowMs) {
      // The clock may have been set back since, or the window made shorter.
      const windows = saved.slice(0, maxKeys).map((one) => restoreWindow(one, nowMs + windowMs));
      for (const window of windows.toSorted((a, b) => a.closesAtMs - b.closesAtMs)) {
        open.set(window.key, window);
        queue.push(window);
      }
    },
    tick(nowMs) {
      advance(nowMs);
      return takeDue();
    },
    flush(nowMs) {
      advance(nowMs);
      closeUntil(Number.POSITIVE_INFINITY);
      return takeDue();
    },
  };
}
