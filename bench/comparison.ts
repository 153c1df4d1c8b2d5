import type { Row } from './model.ts';

/** What noise never does to a ratio of one run. */
export const FACTOR = 3;
const RATIOS = new Set(['ratio', 'times', '']);

export interface Comparison {
  readonly label: string;
  readonly before: number;
  readonly now: number;
  readonly isWorse: boolean;
}

/** Rows that are ratios with a target, which tells the better side, and that are in both. */
export function compareRows(before: readonly Row[], now: readonly Row[]): Comparison[] {
  return now.flatMap(({ label, unit, value, target }) => {
    const old = before.find((row) => row.label === label);
    if (target === undefined || old === undefined || !RATIOS.has(unit)) return [];
    const isWorse = target.sense === '<=' ? value > old.value * FACTOR : value < old.value / FACTOR;
    return [{ label, before: old.value, now: value, isWorse }];
  });
}
