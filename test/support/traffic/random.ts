/** Numbers by chance that are the same in every run. */
export interface Random {
  /** A whole number from 0 to below `n`. */
  readonly below: (n: number) => number;
}

/** mulberry32: good enough to mix traffic and to break messages. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return {
    below(n) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
    },
  };
}
