import { describe, expect, test } from 'vitest';
import { SlotMap } from '../../src/model/slot-map.ts';

/** Repeatable numbers from 0 to `below`. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

describe('a map of slots', () => {
  test.each([1, 2, 3, 4])('does what a Map does (seed %i)', (seed) => {
    const roll = dice(seed);
    const map = new Map<number, number | undefined>();
    const slots = new SlotMap<number, number | undefined>();
    for (let step = 0; step < 5_000; step++) {
      const key = roll(40);
      const what = roll(4);
      if (what < 2) {
        const value = roll(5) === 0 ? undefined : step;
        map.set(key, value);
        if (slots.has(key) || roll(2) === 0) slots.set(key, value);
        else slots.add(key, value);
      } else if (what === 2) {
        expect(slots.take(key)).toBe(map.get(key));
        map.delete(key);
      } else expect(slots.delete(key)).toBe(map.delete(key));
      if (roll(1_000) === 0) {
        map.clear();
        slots.clear();
      }
      const asked = roll(40);
      expect(slots.get(asked)).toBe(map.get(asked));
      expect(slots.has(asked)).toBe(map.has(asked));
      expect(slots.size).toBe(map.size);
      expect(slots.oldestKey()).toBe(map.keys().next().value);
    }
    expect([...slots.values()]).toEqual([...map.values()]);
  });

  test('what is deleted while the values are visited is not visited any more', () => {
    const slots = new SlotMap<string, number>();
    for (const [value, key] of ['a', 'b', 'c'].entries()) slots.set(key, value);
    const seen: number[] = [];
    for (const value of slots.values()) {
      seen.push(value);
      slots.delete('b');
    }
    expect(seen).toEqual([0, 2]);
  });

  test('places are used again: it does not grow with what has come and gone', () => {
    const slots = new SlotMap<number, string>();
    for (let key = 0; key < 100_000; key++) {
      slots.set(key, 'here');
      if (key >= 8) slots.delete(key - 8);
    }
    expect(slots.size).toBe(8);
    expect(slots.places).toBe(9);
  });
});
