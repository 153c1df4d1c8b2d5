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

export const emptyTally = (): Tally => ({ requests: 0, errors: 0, latencyMs: 0, timed: 0, bytes: 0 });

export function addTally(sum: Tally, what: Readonly<Tally>): void {
  sum.requests += what.requests;
  sum.errors += what.errors;
  sum.latencyMs += what.latencyMs;
  sum.timed += what.timed;
  sum.bytes += what.bytes;
}

export function subtractTally(sum: Tally, what: Readonly<Tally>): void {
  sum.requests -= what.requests;
  sum.errors -= what.errors;
  sum.latencyMs -= what.latencyMs;
  sum.timed -= what.timed;
  sum.bytes -= what.bytes;
}

/** Sums over the last while, in thirty steps. There is one for each edge, so it is small as long as little happens. */
export class Window {
  readonly #stepMs: number;
  /** The newest step, and those before it that still count. */
  #step = 0;
  #tally: Tally | undefined;
  #older: Map<number, Tally> | undefined;

  /** `lengthMs` may be infinite: then everything counts. */
  constructor(lengthMs: number) {
    this.#stepMs = lengthMs / BUCKETS;
  }

  add(nowMs: number, what: Readonly<Tally>): void {
    addTally(this.#at(this.#stepOf(nowMs)), what);
  }

  subtract(nowMs: number, what: Readonly<Tally>): void {
    subtractTally(this.#at(this.#stepOf(nowMs)), what);
  }

  /** The same of one request, for what comes often. */
  addRequest(nowMs: number, isError: boolean, latencyMs: number | undefined): void {
    const tally = this.#at(this.#stepOf(nowMs));
    tally.requests += 1;
    if (isError) tally.errors += 1;
    if (latencyMs === undefined) return;
    tally.latencyMs += latencyMs;
    tally.timed += 1;
  }

  /** The same of bytes alone, for what comes often. */
  addBytes(nowMs: number, bytes: number): void {
    this.#at(this.#stepOf(nowMs)).bytes += bytes;
  }

  /** Sums of the window that ends at `nowMs`. */
  total(nowMs: number): Tally {
    this.#forget(nowMs);
    const sum = emptyTally();
    for (const tally of [this.#tally, ...(this.#older?.values() ?? [])]) {
      if (tally !== undefined) addTally(sum, tally);
    }
    return sum;
  }

  /** Nothing in the window any more. */
  isEmpty(nowMs: number): boolean {
    this.#forget(nowMs);
    return this.#tally === undefined && this.#older === undefined;
  }

  #stepOf(timeMs: number): number {
    return Number.isFinite(this.#stepMs) ? Math.floor(timeMs / this.#stepMs) : 0;
  }

  #at(step: number): Tally {
    if (this.#tally === undefined || step > this.#step) {
      if (this.#tally !== undefined) this.#keep(this.#step, this.#tally);
      this.#step = step;
      this.#tally = emptyTally();
    }
    if (step === this.#step) return this.#tally;
    // An event of the past, such as a request that took long.
    return this.#older?.get(step) ?? this.#keep(step, emptyTally());
  }

  #keep(step: number, tally: Tally): Tally {
    this.#older ??= new Map();
    this.#older.set(step, tally);
    for (const old of this.#older.keys()) if (old <= step - BUCKETS) this.#older.delete(old);
    return tally;
  }

  #forget(nowMs: number): void {
    const last = this.#stepOf(nowMs) - BUCKETS;
    for (const step of this.#older?.keys() ?? []) if (step <= last) this.#older?.delete(step);
    if (this.#older?.size === 0) this.#older = undefined;
    if (this.#step <= last) this.#tally = undefined;
  }
}
