import { expect, it } from 'vitest';
import { createLruMap } from '../../src/enrich/lru-map.ts';

it('lets the longest unused go', () => {
  const map = createLruMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.get('a');
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  expect(map.size).toBe(2);
});

it('counts a new value as use', () => {
  const map = createLruMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  expect([map.get('a'), map.get('b')]).toEqual([3, undefined]);
});
