import { labelText } from './label-values.ts';
import { closed, type HistogramState, type Label, type MetricFamily, type MetricSpec } from './metric.ts';
import { DEFAULT_LIMITS, type SeriesLimits, SeriesTable, type SeriesTableOptions } from './series-table.ts';

/** A metric that keeps its figures in the states of a table; `read` gives undefined where a series has none. */
export interface Column<T> {
  readonly spec: MetricSpec;
  readonly read: (state: T) => number | HistogramState | undefined;
}

/** Figures that somebody else keeps: asked for at each collection. */
export interface Gauges {
  readonly spec: MetricSpec;
  readonly labels?: readonly Label[];
  readonly read: () => Iterable<readonly [values: readonly string[], value: number]>;
}

/** All metrics of this program, for whoever exports them. */
export interface Registry {
  /** A table of series, and the metrics that are read from it. Histograms may have a fifth of the series. */
  table<T>(options: Omit<SeriesTableOptions<T>, 'limits'>, columns: readonly Column<T>[]): SeriesTable<T>;
  /** Metrics over figures kept elsewhere. */
  observe(gauges: Gauges): void;
  readonly families: readonly MetricFamily[];
  /** Removes series that were idle for too long. */
  expire(nowMs: number): void;
}

type BoundedTable = Pick<SeriesTable<unknown>, 'size' | 'folds' | 'labels' | 'expire'>;

/** A histogram is some fifteen lines of a scrape where a counter is one. */
const HISTOGRAM_SHARE = 5;

/** Creates a registry that reports its own bounds. `startMs`: since when figures kept elsewhere count. */
export function createRegistry(limits: SeriesLimits = DEFAULT_LIMITS, startMs = 0): Registry {
  const families: MetricFamily[] = [];
  const tables: { readonly name: string; readonly table: BoundedTable }[] = [];

  function observe({ spec, labels = [], read }: Gauges): void {
    const names = labels.map((label) => label.name);
    families.push({
      spec,
      labels,
      each(visit) {
        for (const [values, value] of read()) {
          visit({ text: labelText(names, values), values, startMs, value });
        }
      },
    });
  }

  observe({
    spec: { name: 'telegen_metric_series', kind: 'gauge', help: 'Series in use, by metric.' },
    labels: [closed('metric')],
    read: () => tables.map(({ name, table }) => [[name], table.size] as const),
  });
  observe({
    spec: {
      name: 'telegen_metric_folds',
      kind: 'counter',
      help: 'Measurements folded into ~other, by metric and label; label="*" when the metric had no room for another series.',
    },
    labels: [closed('metric'), closed('label')],
    read: () => tables.flatMap(({ name, table }) => foldsOf(name, table)),
  });

  return {
    families,
    observe,
    table<T>(options: Omit<SeriesTableOptions<T>, 'limits'>, columns: readonly Column<T>[]): SeriesTable<T> {
      const isHistogram = columns.some(({ spec }) => spec.kind === 'histogram');
      const maxSeries = Math.ceil(limits.maxSeries / (isHistogram ? HISTOGRAM_SHARE : 1));
      const table = new SeriesTable<T>({ ...options, limits: { ...limits, maxSeries } });
      tables.push({ name: columns[0]?.spec.name ?? '', table });
      for (const column of columns) families.push(familyOf(table, column));
      return table;
    },
    expire(nowMs) {
      for (const { table } of tables) table.expire(nowMs);
    },
  };
}

function familyOf<T>(table: SeriesTable<T>, { spec, read }: Column<T>): MetricFamily {
  return {
    spec,
    labels: table.labels,
    each(visit) {
      table.each(({ text, values, startMs, state }) => {
        const value = read(state);
        if (value !== undefined) visit({ text, values, startMs, value });
      });
    },
  };
}

function foldsOf(name: string, table: BoundedTable): (readonly [readonly string[], number])[] {
  const { byLabel, crowded } = table.folds;
  const open = table.labels.flatMap((label, i) =>
    label.open ? [[[name, label.name], byLabel[i] ?? 0] as const] : [],
  );
  return open.length === 0 ? [] : [...open, [[name, '*'], crowded] as const];
}
