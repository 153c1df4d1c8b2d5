/** Keeps us from asking what does not answer. */
export interface Breaker {
  /** Whether to try now. */
  allows(nowMs: number): boolean;
  succeeded(): void;
  failed(nowMs: number): void;
  isOpen(): boolean;
}

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly threshold?: number;
  readonly firstWaitMs?: number;
  /** Waits double up to this. */
  readonly maxWaitMs?: number;
  /** 0 to 1; waits of a fleet should differ. */
  readonly random?: () => number;
}

export function createBreaker(options: BreakerOptions = {}): Breaker {
  const { threshold = 3, firstWaitMs = 500, maxWaitMs = 15_000, random = Math.random } = options;
  let failures = 0;
  let untilMs = Number.NEGATIVE_INFINITY;
  return {
    allows: (nowMs) => failures < threshold || nowMs >= untilMs,
    succeeded() {
      failures = 0;
    },
    failed(nowMs) {
      failures++;
      if (failures < threshold) return;
      const wait = Math.min(maxWaitMs, firstWaitMs * 2 ** (failures - threshold));
      untilMs = nowMs + wait * (0.8 + 0.4 * random());
    },
    isOpen: () => failures >= threshold,
  };
}
