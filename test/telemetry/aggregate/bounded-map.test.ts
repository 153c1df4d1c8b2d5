import { expect, test } from 'vitest';
import { createBoundedMap } from '../../../src/telemetry/aggregate/bounded-map.ts';

test('what was set longest ago makes room; setting anew counts as new', () => {
  const map = createBoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([3, undefined, 4]);
  expect([map.size, map.evicted]).toEqual([2, 1]);
});

test('the newest entries are kept, however many come', () => {
  const map = createBoundedMap<number, number>(100);
  for (let i = 0; i < 10_000; i++) map.set(i, i);
  expect(map.size).toBe(100);
  expect(Array.from({ length: 100 }, (_, i) => map.get(9_900 + i))).toEqual(
    Array.from({ length: 100 }, (_, i) => 9_900 + i),
  );
});

test('setting the same key again and again holds no memory', () => {
  const map = createBoundedMap<number, number>(100);
  map.set(1, -1);
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2_000_000; i++) map.set(1, i);
  // A hash table for every other time would be some 150 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
});
