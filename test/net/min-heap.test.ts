import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMinHeap } from '../../src/net/min-heap.ts';

test('gives the smallest first, whatever the order of pushes and pops', () => {
  const step = fc.option(fc.nat(50), { nil: undefined });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = createMinHeap(steps.length);
      const model: number[] = [];
      for (const item of steps) {
        if (item === undefined) {
          heap.pop();
          model.shift();
        } else {
          heap.push(item);
          model.push(item);
          model.sort((a, b) => a - b);
        }
        expect(heap.size()).toBe(model.length);
        if (model.length > 0) expect(heap.peek()).toBe(model[0]);
      }
    }),
  );
});
