import { expect, test } from 'vitest';
import { formatRange, parseNetwork } from '../../src/net/prefix.ts';
import { createRangeTable, rangeById, withoutDuplicates } from '../../src/net/range-table.ts';

function tableOf(texts: readonly string[]) {
  const builder = createRangeTable();
  for (const text of texts) {
    const parsed = parseNetwork(text);
    if (parsed.ok) builder.add(parsed.range, 9);
  }
  return builder.build();
}

test('repeats go, the first stays in its place, and ids lead back to ranges', () => {
  const { table, duplicates } = withoutDuplicates(
    tableOf([
      '203.0.113.9',
      '2001:db8::/32',
      '192.0.2.0/24',
      '203.0.113.9/32',
      '192.0.2.0-192.0.2.255',
      '192.0.2.0',
      '2001:DB8::/32',
    ]),
  );
  expect(duplicates).toBe(3);
  expect([...table.v4.value, ...table.v6.value]).toEqual([0, 1, 2, 3]);
  const texts = [0, 1, 2, 3].map((id) => formatRange(rangeById(table, id)!));
  expect(texts).toEqual(['203.0.113.9', '192.0.2.0/24', '192.0.2.0', '2001:db8::/32']);
  expect(rangeById(table, 4)).toBeUndefined();
});

test('grows beyond its first arrays and trims to size', () => {
  const texts = Array.from({ length: 1000 }, (_, i) => `198.51.${i >> 8}.${i & 255}`);
  const table = tableOf(texts);
  expect(table.v4.length).toBe(1000);
  expect(table.v4.first[0]).toHaveLength(1000);
  expect(withoutDuplicates(table).table.v4.length).toBe(1000);
  expect(withoutDuplicates(tableOf([])).table.v6.length).toBe(0);
});
