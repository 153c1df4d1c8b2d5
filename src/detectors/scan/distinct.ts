import { createHyperLogLog, type HyperLogLog } from '../../net/hyper-log-log.ts';

/** Room for things that are remembered exactly, shared by all that count. */
export interface Budget {
  left: number;
  /** Hosts and ports of a source that found none. */
  refused: number;
}

/** As many are remembered one by one; more are estimated. */
const EXACT = 256;

/**
 * Counts different things (by hash) within a sliding window. Tells when a threshold is crossed, then at ten times as many,
 * and so on; after a window without anything it begins anew.
 */
export interface Distinct {
  /** The count where this one crosses a threshold; undefined otherwise. */
  add(hash: number, nowMs: number): number | undefined;
  readonly count: number;
  readonly lastMs: number;
  /** Frees its room. */
  clear(): void;
}

export function createDistinct(threshold: number, windowMs: number, budget: Budget): Distinct {
  return new SlidingDistinct(threshold, windowMs, budget);
}

class SlidingDistinct implements Distinct {
  readonly #threshold: number;
  readonly #windowMs: number;
  readonly #budget: Budget;
  /** In the order of the last time. */
  readonly #seen = new Map<number, number>();
  #sketch: HyperLogLog | undefined;
  #next: number;
  lastMs = Number.NEGATIVE_INFINITY;

  constructor(threshold: number, windowMs: number, budget: Budget) {
    this.#threshold = threshold;
    this.#windowMs = windowMs;
    this.#budget = budget;
    this.#next = threshold;
  }

  get count(): number {
    return this.#sketch === undefined ? this.#seen.size : Math.round(this.#sketch.estimate());
  }

  add(hash: number, nowMs: number): number | undefined {
    if (nowMs - this.lastMs > this.#windowMs) this.clear();
    this.lastMs = Math.max(this.lastMs, nowMs);
    if (this.#sketch !== undefined) this.#sketch.add(hash);
    else this.#remember(hash, nowMs);
    const { count } = this;
    if (count < this.#next) return undefined;
    this.#next = Math.max(this.#next * 10, this.#threshold);
    return count;
  }

  clear(): void {
    this.#budget.left += this.#seen.size;
    this.#seen.clear();
    this.#sketch = undefined;
    this.#next = this.#threshold;
  }

  #remember(hash: number, nowMs: number): void {
    if (this.#seen.delete(hash)) this.#budget.left += 1;
    for (const [old, seenMs] of this.#seen) {
      if (nowMs - seenMs <= this.#windowMs) break;
      this.#seen.delete(old);
      this.#budget.left += 1;
    }
    this.#seen.set(hash, nowMs);
    this.#budget.left -= 1;
    if (this.#seen.size > EXACT || this.#budget.left <= 0) this.#estimateFromNow();
  }

  #estimateFromNow(): void {
    const sketch = createHyperLogLog();
    for (const hash of this.#seen.keys()) sketch.add(hash);
    this.#budget.left += this.#seen.size;
    this.#seen.clear();
    this.#sketch = sketch;
  }
}

/** Counts different things over hours in fixed memory: over one window at least, over two at most. */
export interface SlowDistinct {
  add(hash: number, nowMs: number): void;
  count(): number;
}

export function createSlowDistinct(windowMs: number, nowMs: number): SlowDistinct {
  let before = createHyperLogLog();
  let current = createHyperLogLog();
  let beganMs = nowMs;
  return {
    add(hash, timeMs) {
      if (timeMs - beganMs > windowMs) {
        before = timeMs - beganMs > 2 * windowMs ? createHyperLogLog() : current;
        current = createHyperLogLog();
        beganMs = timeMs;
      }
      current.add(hash);
    },
    count() {
      const both = createHyperLogLog();
      both.merge(before);
      both.merge(current);
      return Math.round(both.estimate());
    },
  };
}
