/** What is given up when telegen is over its budget, the least missed first. Detection and alerts never are. */
export const SHED_CLASSES = ['spans', 'events', 'lines', 'metrics'] as const;
/** Spans and events for the collector, event lines on standard output, metrics and topology. */
export type ShedClass = (typeof SHED_CLASSES)[number];

export interface Budget {
  /** Of one processor; 0: no limit. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly lagMs: number;
}

/** One look at the program; what it uses now. */
export interface Usage {
  /** Of one processor, since the last look. */
  readonly cpuPercent: number;
  /** In RAM. */
  readonly memoryBytes: number;
  /** How much later than due the event loop came. */
  readonly lagMs: number;
  /** Share of the kernel's ring that waits to be read, 0 to 1. */
  readonly ringFill: number;
}

export interface Shedder {
  /** Judges one look; call it about once a second. */
  observe(usage: Usage): void;
  /** Whether records of the class go on. One that does not is counted here. */
  takes(kind: ShedClass): boolean;
  /** Whether the class is given up now; counts nothing. */
  isShed(kind: ShedClass): boolean;
  /** Number of classes given up now. */
  readonly level: number;
  /** Records given up so far, of the classes that takes() judged. */
  readonly counters: Readonly<Record<ShedClass, number>>;
  /** What is over its budget and what is given up for it, in words; undefined while nothing is. */
  readonly trouble: string | undefined;
}

/** More waits in the ring than a good program leaves there: records will be lost soon. */
const RING_SHARE = 0.5;
/** A class comes back when usage has been under this share of the budget for so many looks. */
const CALM_SHARE = 0.8;
const CALM_LOOKS = 10;

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

function excesses(usage: Usage, { cpuPercent, memoryBytes, lagMs }: Budget, share: number): string[] {
  const found: string[] = [];
  if (cpuPercent > 0 && usage.cpuPercent > cpuPercent * share)
    found.push(`processor ${Math.round(usage.cpuPercent)} % of ${cpuPercent} %`);
  if (usage.memoryBytes > memoryBytes * share)
    found.push(`memory ${mebibytes(usage.memoryBytes)} of ${mebibytes(memoryBytes)}`);
  if (usage.lagMs > lagMs * share) found.push(`event loop ${Math.round(usage.lagMs)} ms late of ${lagMs} ms`);
  if (usage.ringFill > RING_SHARE * share) found.push(`ring filled to ${percent(usage.ringFill)}`);
  return found;
}

/** Gives up one more class with each look that is over budget, and takes one back after ten calm ones. */
export function createShedder(budget: Budget): Shedder {
  const counters: Record<ShedClass, number> = { spans: 0, events: 0, lines: 0, metrics: 0 };
  let level = 0;
  let calm = 0;
  let why: readonly string[] = [];

  const isShed = (kind: ShedClass): boolean => SHED_CLASSES.indexOf(kind) < level;

  return {
    counters,
    get level() {
      return level;
    },
    get trouble() {
      if (level === 0) return undefined;
      return `over budget (${why.join(', ')}): ${SHED_CLASSES.slice(0, level).join(', ')} are given up; detection goes on`;
    },
    isShed,
    takes(kind) {
      if (!isShed(kind)) return true;
      counters[kind] += 1;
      return false;
    },
    observe(usage) {
      const over = excesses(usage, budget, 1);
      if (over.length > 0) {
        [level, calm, why] = [Math.min(level + 1, SHED_CLASSES.length), 0, over];
        return;
      }
      calm = excesses(usage, budget, CALM_SHARE).length > 0 ? 0 : calm + 1;
      if (calm < CALM_LOOKS || level === 0) return;
      [level, calm] = [level - 1, 0];
    },
  };
}
