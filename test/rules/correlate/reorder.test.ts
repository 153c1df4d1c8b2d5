import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReorder } from '../../../src/rules/correlate/reorder.ts';

test('gives items in the order of their time, equals in the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), fc.nat(20), (times, until) => {
      const reorder = createReorder<number>();
      for (const [place, timeMs] of times.entries()) reorder.push(timeMs, place);
      const expected = [...times.entries()]
        .filter(([, timeMs]) => timeMs <= until)
        .sort(([a, s], [b, t]) => s - t || a - b);
      const found: number[] = [];
      for (let item = reorder.shiftUntil(until); item !== undefined; item = reorder.shiftUntil(until))
        found.push(item);
      expect(found).toEqual(expected.map(([place]) => place));
      expect(reorder.size).toBe(times.length - found.length);
    }),
  );
});
