/** Counts distinct things in fixed memory, about right: 512 bytes for any number, an error of some 5 %. */
export interface HyperLogLog {
  /** A hash of 32 well mixed bits. */
  add(hash: number): void;
  /** How many different ones were added. */
  estimate(): number;
  /** Adds what another one has seen. */
  merge(other: HyperLogLog): void;
  readonly registers: Uint8Array;
}

const BITS = 9;
const REGISTERS = 2 ** BITS;
/** Bias of the harmonic mean (Flajolet et al. 2007). */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

export function createHyperLogLog(): HyperLogLog {
  const registers = new Uint8Array(REGISTERS);
  return {
    registers,
    add(hash) {
      const place = hash >>> (32 - BITS);
      // The lowest bit stands in for those behind the last.
      const rank = Math.clz32((hash << BITS) | (1 << (BITS - 1))) + 1;
      if (rank > (registers[place] as number)) registers[place] = rank;
    },
    estimate() {
      let sum = 0;
      let empty = 0;
      for (const rank of registers) {
        sum += 2 ** -rank;
        if (rank === 0) empty += 1;
      }
      const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
      // Few things: counting the registers that are still empty is more exact.
      return raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw;
    },
    merge(other) {
      for (let place = 0; place < REGISTERS; place++)
        registers[place] = Math.max(registers[place] as number, other.registers[place] as number);
    },
  };
}
