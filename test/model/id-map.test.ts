import { describe, expect, test } from 'vitest';
import { IdMap } from '../../src/model/id-map.ts';
import { IdSlots } from '../../src/model/id-slots.ts';

/** Repeats exactly. */
function createRandom(): (below: number) => number {
  let state = 12_345;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Kinds of ids: as the kernel gives them out, far apart, and beyond 32 bits. */
const KINDS: [string, (n: number) => number][] = [
  ['one after the other', (n) => n],
  ['multiples of a power of two', (n) => n * 65_536],
  ['beyond 32 bits', (n) => n * 4_294_967_296 + n],
  ['the largest', (n) => Number.MAX_SAFE_INTEGER - n],
];

describe.each(KINDS)('ids: %s', (_, idOf) => {
  test('a map of ids is a Map', () => {
    const random = createRandom();
    const map = new IdMap<number>();
    const real = new Map<number, number>();
    for (let step = 0; step < 40_000; step++) {
      const id = idOf(random(6_000));
      if (random(3) > 0) {
        map.set(id, step);
        real.set(id, step);
      } else expect(map.delete(id)).toBe(real.delete(id));
    }
    expect(map.size).toBe(real.size);
    for (let n = 0; n < 6_000; n++) expect(map.get(idOf(n))).toBe(real.get(idOf(n)));
  });

  test('slots are small, and those of different ids differ', () => {
    const slots = new IdSlots();
    const given = Array.from({ length: 5_000 }, (_, n) => slots.add(idOf(n)));
    expect(new Set(given).size).toBe(5_000);
    expect(Math.max(...given)).toBe(4_999);
    expect(given.map((_, n) => slots.slotOf(idOf(n)))).toEqual(given);
    expect(slots.remove(idOf(7))).toBe(given[7]);
    expect(slots.slotOf(idOf(7))).toBeUndefined();
    expect(slots.remove(idOf(7))).toBeUndefined();
    expect(slots.add(idOf(9_000))).toBe(given[7]);
  });
});
