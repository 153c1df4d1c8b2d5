import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNameTable, nameOf, suffixRows } from '../../src/net/name-table.ts';

function tableOf(names: readonly string[], seed: number) {
  const builder = createNameTable(seed);
  for (const name of names) builder.add(name);
  return builder.build();
}

test.each<[asked: string, found: string[]]>([
  ['example.com', ['example.com']],
  ['a.example.com', ['a.example.com', 'example.com']],
  ['b.a.example.com', ['a.example.com', 'example.com']],
  ['notexample.com', []],
  ['com', []],
  ['', []],
  ['.', []],
  ['example.com.example.org', []],
  ['\u0141.example.com', ['example.com']],
])('%s is listed by %s', (asked, found) => {
  const table = tableOf(['example.com', 'a.example.com', 'example.net'], 7);
  expect(suffixRows(table, asked).map((row) => nameOf(table, row))).toEqual(found);
});

test('against the slow truth, names several times, tables that grow', () => {
  const label = fc.constantFrom('a', 'b', 'c', 'aa', 'ab');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 300 }), fc.array(name), fc.integer(), (names, asked, seed) => {
      const builder = createNameTable(seed);
      for (const [row, each] of names.entries()) {
        const before = names.flatMap((other, i) => (i < row && other === each ? [i] : []));
        expect(new Set(builder.rowsOf(each))).toEqual(new Set(before));
        expect(builder.add(each)).toBe(row);
      }
      const table = builder.build();
      for (const each of asked) {
        const expected = names.flatMap((other, row) => (`.${each}`.endsWith(`.${other}`) ? [row] : []));
        const found = suffixRows(table, each);
        expect(found.toSorted((a, b) => a - b)).toEqual(expected);
        const lengths = found.map((row) => nameOf(table, row).length);
        expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
      }
    }),
    { numRuns: 300 },
  );
});
