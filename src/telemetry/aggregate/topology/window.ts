/** Sums of what happened on an edge. */
export interface Tally {
  requests: number;
  errors: number;
  latencyMs: number;
  /** Requests whose latency is known. */
  timed: number;
  bytes: number;
}

const BUCKETS = 30;
export const TALLY_FIELDS = ['requests', 'errors', 'latencyMs', 'timed', 'bytes'] as const;

export const emptyTally = (): Tally => ({ requests: 0, errors: 0, latencyMs: 0, timed: 0, bytes: 0 });

/** Sums over the last while, in thirty steps. */
export interface Window {
  add(nowMs: number, what: Partial<Tally>): void;
  /** Sums of the window that ends at `nowMs`. */
  total(nowMs: number): Tally;
  /** Nothing in the window any more. */
  isEmpty(nowMs: number): boolean;
}

/** `lengthMs` may be infinite: then everything counts. */
export function createWindow(lengthMs: number): Window {
  const stepMs = lengthMs / BUCKETS;
  const isWhole = !Number.isFinite(lengthMs);
  const steps = new Map<number, Tally>();
  const stepOf = (timeMs: number): number => (isWhole ? 0 : Math.floor(timeMs / stepMs));

  function forget(nowMs: number): void {
    for (const step of steps.keys()) if (step <= stepOf(nowMs) - BUCKETS) steps.delete(step);
  }

  return {
    add(nowMs, what) {
      const step = stepOf(nowMs);
      let tally = steps.get(step);
      if (tally === undefined) {
        forget(nowMs);
        tally = emptyTally();
        steps.set(step, tally);
      }
      for (const field of TALLY_FIELDS) tally[field] += what[field] ?? 0;
    },
    total(nowMs) {
      forget(nowMs);
      const sum = emptyTally();
      for (const tally of steps.values()) for (const field of TALLY_FIELDS) sum[field] += tally[field];
      return sum;
    },
    isEmpty(nowMs) {
      forget(nowMs);
      return steps.size === 0;
    },
  };
}
