import { ipKey } from '../../net/ip.ts';
import type { Attempt } from './attempt.ts';
import type { ScanOptions } from './options.ts';

/** Somebody who is refused and asks again, and again. */
interface Storm {
  /** Times of the last attempts, as a ring. */
  readonly times: Float64Array;
  at: number;
  count: number;
  lastMs: number;
  /** It was told, and has not stopped since. */
  isTold: boolean;
}

/** Pairs of a program and a port that are followed. */
const MAX_STORMS = 4_096;
const PRUNE_EVERY_MS = 10_000;
/** A storm is over when for so many windows nothing came. */
const CALM_WINDOWS = 5;

/** Counts vain connects of one program to one port of one host. */
export class Storms {
  readonly #storms = new Map<string, Storm>();
  readonly #options: ScanOptions;
  readonly #counters: { storms: number };
  #prunedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ScanOptions, counters: { storms: number }) {
    this.#options = options;
    this.#counters = counters;
  }

  /** Whether a storm is to be told now. */
  add({ actor, target, port, timeMs }: Attempt): boolean {
    const storm = this.#stormOf(`${actor} ${ipKey(target)} ${port}`, timeMs);
    if (storm === undefined) return false;
    const { stormAttempts, stormWindowMs } = this.#options;
    if (timeMs - storm.lastMs > CALM_WINDOWS * stormWindowMs) {
      storm.isTold = false;
      storm.count = 0;
    }
    storm.lastMs = timeMs;
    storm.times[storm.at] = timeMs;
    storm.at = (storm.at + 1) % stormAttempts;
    storm.count = Math.min(storm.count + 1, stormAttempts);
    if (storm.isTold || storm.count < stormAttempts) return false;
    // The oldest of the last attempts is the next to be overwritten.
    storm.isTold = timeMs - (storm.times[storm.at] ?? 0) <= stormWindowMs;
    return storm.isTold;
  }

  #stormOf(key: string, nowMs: number): Storm | undefined {
    const known = this.#storms.get(key);
    if (known !== undefined) return known;
    if (this.#storms.size >= MAX_STORMS) this.#prune(nowMs);
    if (this.#storms.size >= MAX_STORMS) {
      this.#counters.storms += 1;
      return undefined;
    }
    const times = new Float64Array(this.#options.stormAttempts);
    const storm: Storm = { times, at: 0, count: 0, lastMs: nowMs, isTold: false };
    this.#storms.set(key, storm);
    return storm;
  }

  #prune(nowMs: number): void {
    if (nowMs - this.#prunedMs < PRUNE_EVERY_MS) return;
    this.#prunedMs = nowMs;
    for (const [key, { lastMs }] of this.#storms)
      if (nowMs - lastMs > CALM_WINDOWS * this.#options.stormWindowMs) this.#storms.delete(key);
  }
}
