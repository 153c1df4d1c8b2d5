import { expect, test } from 'vitest';
import { parseNetwork } from '../../src/net/prefix.ts';
import { createRangeTable } from '../../src/net/range-table.ts';

function tableOf(texts: readonly string[]) {
  const builder = createRangeTable();
  for (const [place, text] of texts.entries()) {
    const parsed = parseNetwork(text);
    if (parsed.ok) builder.add(parsed.range, place);
  }
  return builder.build();
}

test('keeps each range with its value, families apart', () => {
  const { v4, v6 } = tableOf(['203.0.113.9', '2001:db8::/32', '192.0.2.0/24']);
  expect([...v4.value, ...v6.value]).toEqual([0, 2, 1]);
  expect(v4.first.map((words) => [...words])).toEqual([[0xcb007109, 0xc0000200]]);
  expect(v4.last.map((words) => [...words])).toEqual([[0xcb007109, 0xc00002ff]]);
  expect(v6.first.map((words) => words[0])).toEqual([0x20010db8, 0, 0, 0]);
  expect(v6.last.map((words) => words[0])).toEqual([0x20010db8, 0xffffffff, 0xffffffff, 0xffffffff]);
});

test('grows beyond its first arrays and trims to size', () => {
  const table = tableOf(Array.from({ length: 1000 }, (_, i) => `198.51.${i >> 8}.${i & 255}`));
  expect(table.v4.length).toBe(1000);
  expect(table.v4.first[0]).toHaveLength(1000);
  expect(tableOf([]).v6.length).toBe(0);
});
