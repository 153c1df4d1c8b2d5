import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BENCHMARKS } from '../../bench/benchmarks.ts';
import { PERFORMANCE_PAGE, renderPerformance } from '../../bench/docs.ts';
import { isMet, type Row } from '../../bench/model.ts';
import { cells, formatNumber, table } from '../../bench/report.ts';
import { readResult } from '../../bench/results.ts';

const RESULTS = new URL('../../bench/results/', import.meta.url);
const row: Row = { label: 'x', unit: 'us', value: 2, low: 1, high: 3, samples: 5 };

test('docs/performance.md is what "node bench/main.ts --docs" writes', () => {
  expect(readFileSync(PERFORMANCE_PAGE, 'utf8')).toBe(renderPerformance(BENCHMARKS, readResult));
});

test('every committed result is of a benchmark that exists, whole and not a quick run', () => {
  const names = readdirSync(RESULTS)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
  expect(BENCHMARKS.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  for (const name of names) expect(readResult(name)).toMatchObject({ name, quick: false });
});

test('a benchmark without a result says so', () => {
  const page = renderPerformance(BENCHMARKS, () => undefined);
  expect(page.split('No result has been committed yet.')).toHaveLength(BENCHMARKS.length + 1);
});

test('notes have a column of their own, in tables that have any', () => {
  expect(table([row]).headings).not.toContain('Beside it');
  const { headings, lines } = table([row, { ...row, note: '5 us' }]);
  expect([headings.at(-1), ...lines.map((line) => line.at(-1))]).toEqual(['Beside it', '', '5 us']);
  expect(new Set([headings, ...lines].map((line) => line.length)).size).toBe(1);
});

test.each([
  { target: undefined, expected: undefined },
  { target: { sense: '<=', value: 2 } as const, expected: true },
  { target: { sense: '<=', value: 1.99 } as const, expected: false },
  { target: { sense: '>=', value: 2 } as const, expected: true },
  { target: { sense: '>=', value: 2.01 } as const, expected: false },
])('a value of 2 against $target', ({ target, expected }) => {
  const judged = target === undefined ? row : { ...row, target };
  expect(isMet(judged)).toBe(expected);
  expect(cells(judged).at(-1)).toBe({ true: 'yes', false: 'NO', undefined: '' }[`${expected}`]);
});

test.each([
  [1.14449, '1.14'],
  [0.0123456, '0.0123'],
  [999.4, '999'],
  [1_234_567.8, '1,234,568'],
  [Number.NaN, '-'],
])('%d is written %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});
