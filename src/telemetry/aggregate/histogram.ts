import type { Exemplar, HistogramState } from './metric.ts';

/** Seconds; OpenTelemetry's advice for request durations. */
export const DURATION_BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
/** Seconds; round-trip times and look-ups are often far below a millisecond. */
export const FINE_BOUNDS: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/** Counts measurements by size. */
export class Histogram implements HistogramState {
  readonly counts: Float64Array;
  readonly exemplars: (Exemplar | undefined)[] = [];
  sum = 0;
  count = 0;
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** `weight`: how many like it this one stands for (sampling). */
  observe(value: number, weight = 1, exemplar?: Exemplar): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + weight;
    this.sum += value * weight;
    this.count += weight;
    if (exemplar !== undefined) this.exemplars[bucket] = exemplar;
  }
}
