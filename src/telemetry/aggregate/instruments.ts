import { Histogram } from './histogram.ts';
import type { Exemplar, Label, MetricSpec } from './metric.ts';
import type { Registry } from './registry.ts';

/** Adds to the series of these label values. */
export type Count = (values: readonly string[], nowMs: number, amount: number) => void;

/** Measures once in the series of these label values. */
export type Measure = (values: readonly string[], nowMs: number, sample: Sample) => void;

export interface Sample {
  readonly value: number;
  /** How many like it this one stands for. */
  readonly weight?: number;
  readonly exemplar?: Exemplar | undefined;
}

interface Sum {
  value: number;
}

/** `from`: series that are there, at zero, before anything happens, so that the first event is seen as a rise. */
export interface CounterOptions {
  readonly labels?: readonly Label[];
  readonly from?: readonly (readonly string[])[];
}

/** A counter of its own. */
export function counter(
  registry: Registry,
  spec: MetricSpec,
  { labels = [], from }: CounterOptions = {},
): Count {
  const hasOpen = labels.some((label) => label.open);
  const table = registry.table<Sum>({ labels, create: () => ({ value: 0 }), isBusy: () => !hasOpen }, [
    { spec, read: (sum) => sum.value },
  ]);
  if (labels.length === 0) {
    const { state } = table.at([], 0);
    return (_values, _nowMs, amount) => {
      state.value += amount;
    };
  }
  for (const values of from ?? []) table.at(values, 0);
  return (values, nowMs, amount) => {
    table.at(values, nowMs).state.value += amount;
  };
}

/** A histogram of its own; its bounds are the spec's. */
export function histogram(registry: Registry, spec: MetricSpec, labels: readonly Label[] = []): Measure {
  const { bounds = [] } = spec;
  const table = registry.table(
    { labels, create: () => new Histogram(bounds), isBusy: () => labels.length === 0 },
    [{ spec, read: (state) => state }],
  );
  if (labels.length === 0) {
    const { state } = table.at([], 0);
    return (_values, _nowMs, { value, weight = 1, exemplar }) => state.observe(value, weight, exemplar);
  }
  return (values, nowMs, { value, weight = 1, exemplar }) => {
    table.at(values, nowMs).state.observe(value, weight, exemplar);
  };
}
