import type { FailureKind } from './otlp-errors.ts';

export interface RetryTiming {
  /** Longest first delay; doubled with each failure. Half of it is the shortest. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

export interface RetryPolicy {
  /** Delay before the next attempt. `alone`: the batch that failed held one record only. */
  afterFailure(kind: FailureKind, alone: boolean): number;
  afterSuccess(): void;
}

/**
 * Exponential back-off with jitter (between half and all of the delay), so that a fleet does not return at once.
 * Splitting a batch that the receiver dislikes is progress, not a failure: it goes on with a tenth of the base delay.
 */
export function createRetryPolicy(timing: RetryTiming, random: () => number = Math.random): RetryPolicy {
  const { baseDelayMs, maxDelayMs } = timing;
  let failures = 0;
  const jittered = (delayMs: number): number => delayMs * (0.5 + 0.5 * random());
  return {
    afterFailure(kind, alone) {
      if (kind === 'refused') return jittered(maxDelayMs);
      if (kind === 'data' && !alone) return jittered(baseDelayMs / 10);
      failures += 1;
      return jittered(Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1)));
    },
    afterSuccess() {
      failures = 0;
    },
  };
}
