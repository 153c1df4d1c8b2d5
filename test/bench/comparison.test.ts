import { expect, test } from 'vitest';
import { compareRows } from '../../bench/comparison.ts';
import type { Row } from '../../bench/model.ts';

function row(label: string, value: number, more: Partial<Row> = {}): Row {
  const target = { sense: '>=', value: 1 } as const;
  return { label, unit: 'ratio', value, low: value, high: value, samples: 1, target, ...more };
}
const most = { target: { sense: '<=', value: 2 } } as const;

test('much worse is worse, on the side that the target tells; noise and better are not', () => {
  const before = [row('fast', 100), row('slow', 90), row('cheap', 1, most), row('dear', 1, most)];
  const now = [row('fast', 300), row('slow', 29), row('cheap', 2.9, most), row('dear', 3.1, most)];
  expect(compareRows(before, now).map(({ label, isWorse }) => [label, isWorse])).toEqual([
    ['fast', false],
    ['slow', true],
    ['cheap', false],
    ['dear', true],
  ]);
});

test('only ratios that have a better side, and that there is a result of', () => {
  const { target: _, ...aimless } = row('aimless', 1);
  const rows = [row('new', 1), row('seconds', 1, { unit: 's' }), aimless];
  expect(compareRows([aimless, row('seconds', 9)], rows)).toEqual([]);
});
