export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** What a metric is; docs/metrics.md is generated from these. */
export interface MetricSpec {
  /** Family name in Prometheus, without the `_total` that counters get there. */
  readonly name: string;
  /** Instrument name over OTLP, where it differs (OpenTelemetry's conventions have dots). */
  readonly otelName?: string;
  readonly kind: MetricKind;
  /** UCUM: `s`, `By`, `us`, `{connection}`. */
  readonly unit?: string;
  /** One sentence; it names the unit when the name does not. */
  readonly help: string;
  /** Upper bounds of a histogram's buckets, rising, without the infinite one. */
  readonly bounds?: readonly number[];
}

/** A measurement that stands for a bucket, and the trace it belongs to (W3C, hexadecimal). */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly timeMs: number;
}

/** One label of a metric. */
export interface Label {
  readonly name: string;
  /** Outside data decides the value: the number of values is capped, the rest folds into `~other`. */
  readonly open: boolean;
  /** Attribute over OTLP, where it differs. */
  readonly otelName?: string;
}

/** A histogram as it stands; `counts` has one place more than there are bounds. */
export interface HistogramState {
  readonly counts: Float64Array;
  readonly exemplars: readonly (Exemplar | undefined)[];
  readonly sum: number;
  readonly count: number;
}

/** One series at the moment of collection. */
export interface MetricPoint {
  /** Prepared label text: `a="1",b="2"`; empty labels are left out. */
  readonly text: string;
  /** In the order of the family's labels. */
  readonly values: readonly string[];
  /** When the series began, epoch milliseconds. */
  readonly startMs: number;
  readonly value: number | HistogramState;
}

/** A metric with its series. */
export interface MetricFamily {
  readonly spec: MetricSpec;
  readonly labels: readonly Label[];
  /** Calls with each series; the point is only valid during the call. */
  each(visit: (point: MetricPoint) => void): void;
}

/** A label that outside data feeds. */
export const open = (name: string): Label => ({ name, open: true });

/** The same, under OpenTelemetry's dotted name; Prometheus has underscores. */
export const dotted = (otelName: string): Label => ({
  name: otelName.replaceAll('.', '_'),
  open: true,
  otelName,
});

/** A label with few values, all chosen by telegen. */
export const closed = (name: string): Label => ({ name, open: false });
