import { clearUp } from './clear-up.ts';

/** What telegen uses at a moment. */
export interface Usage {
  /** Processor time of all threads since the start. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Of it in use by JavaScript. */
  readonly heapBytes: number;
}

export interface TidierOptions {
  /** Default: of this process. */
  readonly usage?: () => Usage;
  /** Default: all that V8 and malloc can give back. */
  readonly tidy?: () => void;
}

const LOOK_MS = 10_000;
const MIB = 1024 * 1024;
/** Grown by less is not worth a pause. */
const GROWN_BYTES = 16 * MIB;
/** Of one processor: with more there is work that would wait. */
const QUIET_SHARE = 0.25;
/** The pause grows with what is kept: 2 to 4 ms for each MiB. */
const MOST_HEAP_BYTES = 48 * MIB;
const SOONEST_MS = 60_000;
const LATEST_MS = 3_600_000;

/**
 * Gives memory back when a burst is over: V8 keeps the pages of a heap that was large for a while, 150 MB after some seconds at
 * 100,000 requests a second, and only a collection of the last resort returns them. When they are soon in use again, it waits
 * twice as long before the next. Returns what to call at the start and each second or so, with the time of a clock that never
 * steps back.
 */
export function createTidier({
  usage = ownUsage,
  tidy = () => clearUp('now'),
}: TidierOptions = {}): (steadyMs: number) => void {
  let looked: { readonly atMs: number; readonly cpuMs: number } | undefined;
  let keptBytes = Number.POSITIVE_INFINITY;
  let tidiedMs = Number.NEGATIVE_INFINITY;
  let waitMs = SOONEST_MS;

  function tidyUp(steadyMs: number): void {
    tidy();
    keptBytes = usage().residentBytes;
    const wasInVain = steadyMs - tidiedMs < 2 * waitMs;
    waitMs = wasInVain ? Math.min(2 * waitMs, LATEST_MS) : SOONEST_MS;
    tidiedMs = steadyMs;
  }

  return (steadyMs) => {
    if (looked !== undefined && steadyMs - looked.atMs < LOOK_MS) return;
    const { cpuMs, residentBytes, heapBytes } = usage();
    const share = looked === undefined ? 1 : (cpuMs - looked.cpuMs) / (steadyMs - looked.atMs);
    looked = { atMs: steadyMs, cpuMs };
    keptBytes = Math.min(keptBytes, residentBytes);
    if (residentBytes - keptBytes < GROWN_BYTES || share > QUIET_SHARE) return;
    if (heapBytes <= MOST_HEAP_BYTES && steadyMs - tidiedMs >= waitMs) tidyUp(steadyMs);
  };
}

function ownUsage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuMs: (user + system) / 1000, residentBytes: rss, heapBytes: heapUsed };
}
