import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeverityQueue } from '../../../src/telemetry/export/severity-queue.ts';

interface Item {
  readonly id: number;
  readonly rank: number;
}

function queueOf(capacity: number, ...ranks: number[]) {
  const queue = createSeverityQueue<Item>({ capacity, ranks: 4, rankOf: (item) => item.rank });
  const evicted = ranks.map((rank, id) => queue.push({ id, rank })).filter((item) => item !== undefined);
  return { queue, evicted: evicted.map((item) => item.id) };
}

const ids = (items: readonly Item[]): number[] => items.map((item) => item.id);

describe('a queue by severity', () => {
  it('keeps the order of arrival, whatever the ranks', () => {
    const { queue } = queueOf(10, 0, 3, 1, 3, 0);
    expect(ids(queue.take(2))).toEqual([0, 1]);
    queue.done();
    expect(ids(queue.take(10))).toEqual([2, 3, 4]);
    queue.done();
    expect(queue.size).toBe(0);
    expect(queue.take(1)).toEqual([]);
  });

  it.each([
    ['the oldest of equals', 2, [1, 1, 1], [0]],
    ['the least grave', 2, [3, 0, 3], [1]],
    ['the new one when it is less grave than all', 2, [3, 3, 0], [2]],
    ['nothing while there is room', 3, [0, 0, 0], []],
  ])('evicts %s', (_name, capacity, ranks, expected) => {
    const { queue, evicted } = queueOf(capacity, ...ranks);
    expect(evicted).toEqual(expected);
    expect(queue.size).toBe(Math.min(capacity, ranks.length));
  });

  it('never evicts what is under way, which counts against the capacity', () => {
    const { queue } = queueOf(2, 0, 0);
    queue.take(2);
    expect(queue.push({ id: 9, rank: 3 })?.id).toBe(9);
    queue.retry();
    expect(queue.push({ id: 10, rank: 3 })?.id).toBe(0);
    expect(ids(queue.take(5))).toEqual([1, 10]);
  });

  it('puts back in place with retry, at the end with rotate', () => {
    const { queue } = queueOf(10, 0, 3, 1, 2);
    queue.take(2);
    queue.retry();
    expect(ids(queue.take(1))).toEqual([0]);
    queue.rotate();
    expect(ids(queue.take(4))).toEqual([1, 2, 3, 0]);
  });

  it('drains what waits and what is under way', () => {
    const { queue } = queueOf(10, 0, 3, 1);
    queue.take(1);
    expect(ids(queue.drain())).toEqual([0, 1, 2]);
    expect(queue.size).toBe(0);
  });

  it('behaves like a plain sorted list (property)', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('push' as const), rank: fc.integer({ min: 0, max: 3 }) }),
      fc.record({
        op: fc.constantFrom('done' as const, 'retry' as const),
        n: fc.integer({ min: 1, max: 4 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: 6 }), (steps, capacity) => {
        const { queue } = queueOf(capacity);
        let model: Item[] = [];
        for (const [id, move] of steps.entries()) {
          if (move.op === 'push') {
            const item = { id, rank: move.rank };
            model.push(item);
            const lowest = Math.min(...model.map((each) => each.rank));
            const victim = model.length > capacity ? model.find((each) => each.rank === lowest) : undefined;
            model = model.filter((each) => each !== victim);
            expect(queue.push(item)).toEqual(victim);
          } else {
            expect(queue.take(move.n)).toEqual(model.slice(0, move.n));
            if (move.op === 'done') model = model.slice(move.n);
            queue[move.op]();
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });
});
