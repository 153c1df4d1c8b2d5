/** What a label says when its value found no room. */
export const OTHER = '~other';

/** Longer values are cut: a hostile name must not make every scrape large. */
const MAX_CHARS = 256;
const HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

/** Distinct values of one label. A value has a place as long as a series holds it. */
export interface LabelValues {
  /** Whether the value has a place already or could get one. */
  fits(value: string): boolean;
  hold(value: string): void;
  release(value: string): void;
  readonly size: number;
}

/** Creates an empty set of at most `max` values; `~other` and the empty value need no place. */
export function createLabelValues(max: number): LabelValues {
  const holds = new Map<string, number>();
  const isFree = (value: string): boolean => value === OTHER || value === '';
  return {
    fits: (value) => isFree(value) || holds.has(value) || holds.size < max,
    hold(value) {
      if (!isFree(value)) holds.set(value, (holds.get(value) ?? 0) + 1);
    },
    release(value) {
      const left = (holds.get(value) ?? 0) - 1;
      if (left > 0) holds.set(value, left);
      else holds.delete(value);
    },
    get size() {
      return holds.size;
    },
  };
}

/** The value as a label may carry it. */
export function clipped(value: string): string {
  if (value.length <= MAX_CHARS) return value;
  return value.slice(0, MAX_CHARS).replace(HIGH_SURROGATE, '');
}

const NEEDS_ESCAPE = /["\\\n]/;

/** `a="1",b="2"` as the Prometheus formats have it; an empty value is the same as no label and is left out. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  let text = '';
  for (let i = 0; i < names.length; i++) {
    const value = values[i] ?? '';
    if (value === '') continue;
    text += `${text === '' ? '' : ','}${names[i]}="${NEEDS_ESCAPE.test(value) ? escaped(value) : value}"`;
  }
  return text;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
