import type { CorrelationType } from '../syntax/correlation.ts';
import { createTimeline, Times } from './timeline.ts';

/** What one group has inside its window. */
export interface Measure {
  /** Takes an event; `key` is the value that is counted, `number` the one that is added up. */
  add(timeMs: number, entry: { readonly key: string; readonly number: number }): void;
  /** Forgets what is not younger than `timeMs`. */
  dropUntil(timeMs: number): void;
  /** undefined when there is nothing to say anything of. */
  value(): number | undefined;
  clear(): void;
  /** What add() was given of what is still inside, from the oldest. */
  entries(): readonly MeasureEntry[];
}

export interface MeasureEntry {
  readonly timeMs: number;
  readonly key: string;
  readonly number: number;
}

export interface MeasureOptions {
  readonly type: CorrelationType;
  readonly percentile: number;
  /** Entries kept; the oldest go first. */
  readonly maxEntries: number;
  readonly onEvict: () => void;
}

/** The measure of a correlation type that counts or reckons. */
export function createMeasure(options: MeasureOptions): Measure {
  switch (options.type) {
    case 'event_count':
      return new CountMeasure(options);
    case 'value_count':
      return distinctMeasure(options);
    default:
      return numericMeasure(options);
  }
}

/** A class, because there is one per group: methods and options are shared. */
class CountMeasure extends Times implements Measure {
  readonly #options: MeasureOptions;

  constructor(options: MeasureOptions) {
    super();
    this.#options = options;
  }

  add(timeMs: number): void {
    this.push(timeMs);
    if (this.size <= this.#options.maxEntries) return;
    this.shift();
    this.#options.onEvict();
  }

  value(): number {
    return this.size;
  }

  entries(): readonly MeasureEntry[] {
    return this.times().map((timeMs) => ({ timeMs, key: '', number: 0 }));
  }
}

/** A counter per distinct value, so that an update costs the same however many there are. */
function distinctMeasure({ maxEntries, onEvict }: MeasureOptions): Measure {
  const keys = createTimeline<string>();
  const counts = new Map<string, number>();
  const forget = (key: string | undefined): void => {
    if (key === undefined) return;
    const count = (counts.get(key) ?? 0) - 1;
    if (count > 0) counts.set(key, count);
    else counts.delete(key);
  };
  return {
    add(timeMs, { key }) {
      keys.push(timeMs, key);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (keys.size <= maxEntries) return;
      forget(keys.shift());
      onEvict();
    },
    dropUntil: (timeMs) => keys.dropUntil(timeMs, forget),
    value: () => counts.size,
    clear() {
      keys.clear();
      counts.clear();
    },
    entries: () => keys.entries().map(([timeMs, key]) => ({ timeMs, key, number: 0 })),
  };
}

function numericMeasure({ type, percentile, maxEntries, onEvict }: MeasureOptions): Measure {
  const numbers = createTimeline<number>();
  let sum = 0;
  const subtract = (number: number | undefined): void => {
    sum -= number ?? 0;
    // No rounding errors are left behind in an empty window.
    if (numbers.size === 0) sum = 0;
  };
  return {
    add(timeMs, { number }) {
      numbers.push(timeMs, number);
      sum += number;
      if (numbers.size <= maxEntries) return;
      subtract(numbers.shift());
      onEvict();
    },
    dropUntil: (timeMs) => numbers.dropUntil(timeMs, subtract),
    value() {
      if (numbers.size === 0) return undefined;
      if (type === 'value_sum') return sum;
      if (type === 'value_avg') return sum / numbers.size;
      return quantile(numbers.values(), type === 'value_median' ? 50 : percentile);
    },
    clear() {
      numbers.clear();
      sum = 0;
    },
    entries: () => numbers.entries().map(([timeMs, number]) => ({ timeMs, key: '', number })),
  };
}

/** Linear interpolation between the two nearest ranks. */
export function quantile(numbers: readonly number[], percentile: number): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const rank = (percentile / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(rank)];
  const high = sorted[Math.ceil(rank)];
  return low === undefined || high === undefined ? undefined : low + (high - low) * (rank - Math.floor(rank));
}
