/** Cut off only when it is worth it: an update is to take constant time on average. */
const isWorthCutting = (behind: number, length: number): boolean => behind >= 32 && behind * 2 >= length;

/** Times, oldest first, of what lies inside a sliding window. */
export class Times {
  #times: number[] = [];
  #first = 0;

  get size(): number {
    return this.#times.length - this.#first;
  }

  push(timeMs: number): void {
    this.#times.push(timeMs);
  }

  /** Forgets what is not younger than `timeMs`. */
  dropUntil(timeMs: number): void {
    while (this.#first < this.#times.length && (this.#times[this.#first] ?? 0) <= timeMs) this.#first++;
    this.#compact();
  }

  /** Forgets the oldest. */
  shift(): void {
    if (this.size === 0) return;
    this.#first++;
    this.#compact();
  }

  clear(): void {
    this.#times = [];
    this.#first = 0;
  }

  /** From the oldest. */
  times(): number[] {
    return this.#times.slice(this.#first);
  }

  #compact(): void {
    if (!isWorthCutting(this.#first, this.#times.length)) return;
    this.#times = this.#times.slice(this.#first);
    this.#first = 0;
  }
}

/** The same with a value for each. */
export interface Timeline<T> {
  push(timeMs: number, value: T): void;
  /** Forgets what is not younger than `timeMs`. */
  dropUntil(timeMs: number, onDrop?: (value: T) => void): void;
  /** Forgets the oldest. */
  shift(): T | undefined;
  clear(): void;
  readonly size: number;
  /** From the oldest. */
  values(): T[];
  /** The same with their times. */
  entries(): (readonly [timeMs: number, value: T])[];
}

/** Amortised constant time: the front is cut off when half of the array is behind. */
export function createTimeline<T>(): Timeline<T> {
  return new ArrayTimeline();
}

/** A class, because there is one per group: methods are shared. */
class ArrayTimeline<T> implements Timeline<T> {
  #times: number[] = [];
  #values: T[] = [];
  #first = 0;

  get size(): number {
    return this.#times.length - this.#first;
  }

  push(timeMs: number, value: T): void {
    this.#times.push(timeMs);
    this.#values.push(value);
  }

  dropUntil(timeMs: number, onDrop?: (value: T) => void): void {
    while (this.#first < this.#times.length && (this.#times[this.#first] ?? 0) <= timeMs) {
      const value = this.#values[this.#first] as T;
      this.#first++;
      onDrop?.(value);
    }
    this.#compact();
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const value = this.#values[this.#first];
    this.#first++;
    this.#compact();
    return value;
  }

  clear(): void {
    this.#times = [];
    this.#values = [];
    this.#first = 0;
  }

  values(): T[] {
    return this.#values.slice(this.#first);
  }

  entries(): (readonly [number, T])[] {
    return this.values().map((value, i) => [this.#times[this.#first + i] ?? 0, value] as const);
  }

  #compact(): void {
    if (!isWorthCutting(this.#first, this.#times.length)) return;
    this.#times = this.#times.slice(this.#first);
    this.#values = this.#values.slice(this.#first);
    this.#first = 0;
  }
}
