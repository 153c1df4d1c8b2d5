export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** From 0 up to 1; chance by default. */
  readonly random?: () => number;
}

/** Waiting times that double, each by chance between its half and its whole, so that a fleet does not come back as one. */
export interface Backoff {
  next(): number;
  reset(): void;
}

export function createBackoff({ minMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  let ceilingMs = minMs;
  return {
    next() {
      const waitMs = ceilingMs * (0.5 + random() / 2);
      ceilingMs = Math.min(maxMs, ceilingMs * 2);
      return waitMs;
    },
    reset() {
      ceilingMs = minMs;
    },
  };
}
