/** The machine's clocks, read at one moment. Taken once at start, so that one process keeps one start time. */
export interface ClockReading {
  /** Epoch milliseconds. */
  readonly epochMs: number;
  /** CLOCK_MONOTONIC in ns: what the kernel side stamps records with; stands still in suspend. */
  readonly monotonicNs: number;
  /** CLOCK_BOOTTIME in ns: what /proc/PID/stat counts in; runs on in suspend. */
  readonly boottimeNs: number;
}

/** USER_HZ: the tick of /proc/PID/stat, 100 a second on every architecture Node runs on (proc(5)). */
const TICK_NS = 10_000_000;

/** Below this the two clocks differ only by when and how finely they were read (/proc/uptime: 10 ms). */
const SAME_CLOCK_NS = 20_000_000;

/** Start time of /proc/PID/stat (ticks since boot) as CLOCK_MONOTONIC ns, rounded down to its tick. */
export function ticksToMonotonicNs(ticks: number, clocks: ClockReading): number {
  const suspendedNs = clocks.boottimeNs - clocks.monotonicNs;
  return Math.max(0, ticks * TICK_NS - (suspendedNs < SAME_CLOCK_NS ? 0 : suspendedNs));
}

/** CLOCK_MONOTONIC ns as epoch milliseconds. */
export function monotonicToEpochMs(monotonicNs: number, clocks: ClockReading): number {
  return clocks.epochMs + (monotonicNs - clocks.monotonicNs) / 1e6;
}

/** Epoch milliseconds as CLOCK_MONOTONIC ns. */
export function epochToMonotonicNs(epochMs: number, clocks: ClockReading): number {
  return clocks.monotonicNs + (epochMs - clocks.epochMs) * 1e6;
}
