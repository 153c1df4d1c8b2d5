import { clipped, createLabelValues, type LabelValues, labelText, OTHER } from './label-values.ts';
import type { Label } from './metric.ts';

const RECENT_SLOTS = 256;

/** Length and three characters of each value tell most apart. */
function slotOf(values: readonly string[]): number {
  let hash = values.length;
  for (const value of values) {
    const { length } = value;
    hash = Math.imul(hash, 31) + length;
    if (length === 0) continue;
    hash = Math.imul(hash, 31) + value.charCodeAt(length - 1) + value.charCodeAt(length >> 1) * 7;
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (RECENT_SLOTS - 1);
}

function sameValues(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** How much a metric may grow. */
export interface SeriesLimits {
  /** Distinct values of each label that outside data feeds. */
  readonly maxValues: number;
  /** Series of one table; further ones fold into one with `~other` in every such label. */
  readonly maxSeries: number;
  /** A series that nothing touched for so long goes, and makes room. */
  readonly idleMs: number;
}

export const DEFAULT_LIMITS: SeriesLimits = { maxValues: 1_000, maxSeries: 10_000, idleMs: 3_600_000 };

/** The series of one set of label values; several metrics may keep their figures in one state. */
export interface Series<T> {
  readonly values: readonly string[];
  readonly text: string;
  readonly startMs: number;
  readonly state: T;
}

interface Kept<T> extends Series<T> {
  touchedMs: number;
}

export interface SeriesTableOptions<T> {
  readonly labels: readonly Label[];
  readonly limits: SeriesLimits;
  readonly create: () => T;
  /** A series that must not go although it is idle, such as one with open connections. */
  readonly isBusy?: (state: T) => boolean;
}

/**
 * Series by their label values, within caps: a value without room becomes `~other`, and each measurement that this
 * happens to is counted. Label text is built once per series and is its key.
 */
export class SeriesTable<T> {
  readonly labels: readonly Label[];
  readonly #names: readonly string[];
  readonly #options: SeriesTableOptions<T>;
  readonly #values: readonly (LabelValues | undefined)[];
  readonly #series = new Map<string, Kept<T>>();
  readonly #folds: number[];
  /** Series found last, by a hash of their values: saves putting the key together. */
  readonly #recent: (Kept<T> | undefined)[] = Array.from({ length: RECENT_SLOTS });
  /** Found last, and the list of values that it was asked for by. */
  #last: Kept<T> | undefined;
  #lastValues: readonly string[] | undefined;
  #crowded = 0;

  constructor(options: SeriesTableOptions<T>) {
    this.#options = options;
    this.labels = options.labels;
    this.#names = options.labels.map((label) => label.name);
    this.#values = options.labels.map((label) =>
      label.open ? createLabelValues(options.limits.maxValues) : undefined,
    );
    this.#folds = options.labels.map(() => 0);
  }

  get size(): number {
    return this.#series.size;
  }

  /** Measurements folded because a label had no room for their value, by label; and because the table had none. */
  get folds(): { readonly byLabel: readonly number[]; readonly crowded: number } {
    return { byLabel: this.#folds, crowded: this.#crowded };
  }

  /**
   * The series of these values (in the order of the labels), made when there is none. Asking with the very list that was
   * asked with last costs next to nothing: lists must not be changed.
   */
  at(values: readonly string[], nowMs: number): Series<T> {
    const last = this.#last;
    if (last !== undefined && values === this.#lastValues) {
      if (nowMs > last.touchedMs) last.touchedMs = nowMs;
      return last;
    }
    const slot = slotOf(values);
    const recent = this.#recent[slot];
    const found =
      recent !== undefined && sameValues(recent.values, values)
        ? recent
        : this.#series.get(labelText(this.#names, values));
    if (found === undefined) return this.#fold(values.map(clipped), nowMs);
    if (found !== recent) this.#recent[slot] = found;
    this.#last = found;
    this.#lastValues = values;
    if (nowMs > found.touchedMs) found.touchedMs = nowMs;
    return found;
  }

  /** Removes what has been idle for too long. */
  expire(nowMs: number): void {
    const { limits, isBusy } = this.#options;
    for (const [text, series] of this.#series) {
      if (nowMs - series.touchedMs < limits.idleMs || isBusy?.(series.state) === true) continue;
      this.#series.delete(text);
      this.#recent[slotOf(series.values)] = undefined;
      this.#last = undefined;
      for (const [i, value] of series.values.entries()) this.#values[i]?.release(value);
    }
  }

  each(visit: (series: Series<T>) => void): void {
    for (const series of this.#series.values()) visit(series);
  }

  #fold(values: readonly string[], nowMs: number): Series<T> {
    const fitting = values.map((value, i) =>
      this.#values[i]?.fits(value) === false ? this.#folded(i) : value,
    );
    const found = this.#find(fitting, nowMs);
    if (found !== undefined) return found;
    if (this.#series.size < this.#options.limits.maxSeries) return this.#add(fitting, nowMs);
    this.#crowded += 1;
    const rest = fitting.map((value, i) => (this.#values[i] === undefined ? value : OTHER));
    return this.#find(rest, nowMs) ?? this.#add(rest, nowMs);
  }

  #folded(label: number): string {
    this.#folds[label] = (this.#folds[label] ?? 0) + 1;
    return OTHER;
  }

  #find(values: readonly string[], nowMs: number): Series<T> | undefined {
    const series = this.#series.get(labelText(this.#names, values));
    if (series !== undefined && nowMs > series.touchedMs) series.touchedMs = nowMs;
    return series;
  }

  #add(values: readonly string[], nowMs: number): Series<T> {
    const text = labelText(this.#names, values);
    for (const [i, value] of values.entries()) this.#values[i]?.hold(value);
    const series = { values, text, startMs: nowMs, touchedMs: nowMs, state: this.#options.create() };
    this.#series.set(text, series);
    return series;
  }
}
