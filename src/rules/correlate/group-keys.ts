import { type FieldValue, scalarsOf } from '../match/value.ts';

/** Groups that one event belongs to when its fields hold lists. */
export const MAX_KEYS = 16;

/** Values of the group-by fields, one row per group; empty when a field is missing. Without fields there is one group. */
export function groupKeys(values: readonly FieldValue[]): readonly (readonly string[])[] {
  let rows: readonly (readonly string[])[] = [[]];
  for (const value of values) {
    const texts = [
      ...new Set(scalarsOf(value).flatMap((scalar) => (scalar === null ? [] : [String(scalar)]))),
    ];
    rows = rows.flatMap((row) => texts.map((text) => [...row, text])).slice(0, MAX_KEYS);
    if (rows.length === 0) return rows;
  }
  return rows;
}

/** One text for a row of values; of a single value the value itself. */
export const keyOf = (values: readonly string[]): string =>
  values.length === 1 ? (values[0] ?? '') : JSON.stringify(values);

/** The group-by field of one rule: its alias's field, or the name itself. */
export function aliasFor(
  name: string,
  ruleNames: readonly (string | undefined)[],
  aliases: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string {
  const alias = aliases.get(name);
  if (alias === undefined) return name;
  for (const rule of ruleNames) {
    const field = rule === undefined ? undefined : alias.get(rule);
    if (field !== undefined) return field;
  }
  return name;
}
