import { describe, expect, it } from 'vitest';
import { KeySet } from '../../../../src/capture/replay/packets/key-set.ts';

const HIGHEST = Number.MAX_SAFE_INTEGER;

describe('KeySet', () => {
  it('knows the keys that were added, 0 and the highest among them, until it is cleared', () => {
    const set = new KeySet(4);
    for (const key of [0, 1, HIGHEST, HIGHEST - 1]) {
      expect(set.has(key)).toBe(false);
      set.add(key);
    }
    expect([0, 1, HIGHEST, HIGHEST - 1].every((key) => set.has(key))).toBe(true);
    expect(set.has(2)).toBe(false);
    expect(set.isFull).toBe(true);
    set.clear();
    expect([0, 1, HIGHEST].some((key) => set.has(key))).toBe(false);
    expect(set.isFull).toBe(false);
  });

  it('tells apart keys with the same low bits', () => {
    const set = new KeySet(4);
    const keys = [5, 5 + 8, 5 + 2 ** 40];
    for (const key of keys) set.add(key);
    expect(keys.every((key) => set.has(key))).toBe(true);
    expect(set.has(5 + 2 ** 41)).toBe(false);
  });
});
