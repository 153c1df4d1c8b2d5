import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortRows } from '../../src/net/radix-sort.ts';

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 0xffffffff }));

test('sorts by columns, most significant first, and keeps the order of equal rows', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word)), (rows) => {
      const columns = [Uint32Array.from(rows, ([a]) => a), Uint32Array.from(rows, ([, b]) => b)];
      const expected = rows
        .map((row, place) => ({ row, place }))
        .sort((x, y) => x.row[0] - y.row[0] || x.row[1] - y.row[1] || x.place - y.place);
      expect([...sortRows(rows.length, columns)]).toEqual(expected.map(({ place }) => place));
    }),
  );
});

test('no columns and no rows', () => {
  expect([...sortRows(3, [])]).toEqual([0, 1, 2]);
  expect([...sortRows(0, [new Uint32Array()])]).toEqual([]);
});
