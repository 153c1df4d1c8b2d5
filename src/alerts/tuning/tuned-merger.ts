import type { AlertCandidate } from '../combine.ts';
import type { MergeCounters, Merger } from '../merge.ts';
import { createLimiter, type Limiter, type SavedCount } from './limiter.ts';
import { compileMatch, type Matcher } from './matcher.ts';
import { NO_TUNING, type Suppression, type Tuning } from './tuning.ts';

/** `findings === sent + merged + suppressed + limited`. Summaries are extra records. */
export interface TunedCounters extends MergeCounters {
  /** By name of the suppression. */
  readonly suppressed: Readonly<Record<string, number>>;
  /** Withheld by limits; closing records count them. */
  readonly limited: number;
}

export interface TunedMerger extends Merger {
  readonly counters: TunedCounters;
  /** The open counts of limits, for a run to come; see Merger.save. */
  saveLimits(how: { readonly closed: boolean }): Iterable<SavedCount>;
  /** After tune(); see Limiter.restore. */
  restoreLimits(saved: readonly SavedCount[], nowMs: number): number;
  /** From now on these count; closing records of the limits so far come with the next tick. Throws on a wrong network. */
  tune(tuning: Tuning): void;
}

export interface TunedMergerOptions {
  readonly merger: Merger;
  readonly newUid: () => string;
  readonly maxKeys?: number;
  /** A suppression has run out while alerts still come that it would have held; called once each. */
  readonly onExpired: (suppression: Suppression) => void;
}

const DEFAULT_MAX_KEYS = 50_000;
/** Names of suppressions that are gone keep their counts, up to so many. */
const MAX_NAMES = 10_000;
const OTHERS = '~other';

/** Suppressions first, then limits, then merging. The clock is that of the events. */
export function createTunedMerger({
  merger,
  newUid,
  onExpired,
  maxKeys = DEFAULT_MAX_KEYS,
}: TunedMergerOptions): TunedMerger {
  const suppressed = new Map<string, number>();
  const expired = new Set<string>();
  let suppressions: readonly { suppression: Suppression; fits: Matcher }[] = [];
  let limiter: Limiter = createLimiter({ limits: NO_TUNING.limits, maxKeys, newUid });
  let left: ReturnType<Limiter['flush']> = [];
  let findings = 0;
  let limited = 0;
  let summaries = 0;

  function isSuppressed(candidate: AlertCandidate, nowMs: number): boolean {
    for (const { suppression, fits } of suppressions) {
      if (!fits(candidate)) continue;
      const { name, expiresMs } = suppression;
      if (nowMs < expiresMs) {
        const key = suppressed.has(name) || suppressed.size < MAX_NAMES ? name : OTHERS;
        suppressed.set(key, (suppressed.get(key) ?? 0) + 1);
        return true;
      }
      if (!expired.has(name)) onExpired(suppression);
      expired.add(name);
    }
    return false;
  }

  function withLimited(
    records: ReturnType<Limiter['flush']>,
    merged: ReturnType<Merger['tick']>,
  ): typeof merged {
    const all = [...left, ...records];
    left = [];
    summaries += all.length;
    return [...all, ...merged];
  }

  // Read by others for as long as the program runs, so it has to be one object that goes along.
  const counters: TunedCounters = {
    get findings() {
      return findings;
    },
    get sent() {
      return merger.counters.sent;
    },
    get merged() {
      return merger.counters.merged;
    },
    get overflowed() {
      return merger.counters.overflowed;
    },
    get summaries() {
      return merger.counters.summaries + summaries;
    },
    get limited() {
      return limited;
    },
    get suppressed() {
      return Object.fromEntries(suppressed);
    },
  };

  return {
    counters,
    get size() {
      return merger.size + limiter.size;
    },
    tune(tuning) {
      const compiled = tuning.suppressions.map((suppression) => ({
        suppression,
        fits: compileMatch(suppression.match),
      }));
      const next = createLimiter({ limits: tuning.limits, maxKeys, newUid });
      left = [...left, ...limiter.flush()];
      [suppressions, limiter] = [compiled, next];
      expired.clear();
    },
    save: (how) => merger.save(how),
    restore: (saved, nowMs) => merger.restore(saved, nowMs),
    saveLimits: (how) => limiter.save(how),
    restoreLimits: (saved, nowMs) => limiter.restore(saved, nowMs),
    offer(candidate, nowMs) {
      findings += 1;
      if (isSuppressed(candidate, nowMs)) return undefined;
      if (limiter.judge(candidate, nowMs) === false) {
        limited += 1;
        return undefined;
      }
      return merger.offer(candidate, nowMs);
    },
    tick: (nowMs) => withLimited(limiter.tick(nowMs), merger.tick(nowMs)),
    flush: (nowMs) => withLimited(limiter.flush(), merger.flush(nowMs)),
  };
}
