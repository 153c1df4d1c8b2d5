import type { MetricSpec } from '../../telemetry/aggregate/metric.ts';

/** Series of a metric that somebody else keeps: label values and figure. */
export type Rows = readonly (readonly [readonly string[], number])[];

/** A metric without labels; no series while the figure is unknown. */
export const one = (value: number | undefined): Rows => (value === undefined ? [] : [[[], value]]);

/** One series for each name. */
export const parts = (sums: Readonly<Record<string, number | undefined>>): Rows =>
  Object.entries(sums).flatMap(([name, value]) => (value === undefined ? [] : [[[name], value] as const]));

export const counter = (name: string, help: string): MetricSpec => ({ name, help, kind: 'counter' });
export const gauge = (name: string, help: string): MetricSpec => ({ name, help, kind: 'gauge' });
