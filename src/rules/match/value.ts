/** One value of a field. */
export type Scalar = string | number | bigint | boolean | null;
/** What an event has for a field; undefined when it has none. A list matches when one of its elements does. */
export type FieldValue = Scalar | undefined | readonly FieldValue[];

/** Longest text that is looked at; what stands behind it is cut off before matching. */
export const MAX_TEXT = 65_536;
/** Elements of a list that are looked at. */
const MAX_ELEMENTS = 1_000;

const DECIMAL = /^-?\d+(?:\.\d+)?$/;

/** The text that patterns see. */
export function textOfValue(value: Exclude<Scalar, null>): string {
  if (typeof value !== 'string') return String(value);
  return value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value;
}

/** The number that a value is, or undefined: only strict decimals, never empty text, hex, blanks or exponents. */
export function numberOfValue(value: Scalar): number | bigint | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return narrow(value);
  if (typeof value !== 'string' || value.length > 40 || !DECIMAL.test(value)) return undefined;
  return value.includes('.') || value.length < 16 ? Number(value) : narrow(BigInt(value));
}

/** A number where it is exact, so that equal values are equal as map keys. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The boolean that a value is, also as text in any case. */
export function booleanOfValue(value: Scalar): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' || value.length > 5) return undefined;
  const lower = value.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

/** The first of a field's values that is one. */
export const firstScalar = (value: FieldValue): Exclude<Scalar, null> | undefined =>
  scalarsOf(value).find((scalar) => scalar !== null) ?? undefined;

/** The scalars of a value: itself, or the elements of a list and of lists in it, at most 1,000. */
export function scalarsOf(value: FieldValue): readonly Scalar[] {
  if (!Array.isArray(value)) return value === undefined ? [] : [value as Scalar];
  const out: Scalar[] = [];
  const open: FieldValue[] = [...value].reverse();
  while (open.length > 0 && out.length < MAX_ELEMENTS) {
    const next = open.pop();
    if (Array.isArray(next)) open.push(...next.slice(0, MAX_ELEMENTS).reverse());
    else if (next !== undefined) out.push(next as Scalar);
  }
  return out;
}
