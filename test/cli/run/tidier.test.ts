import { describe, expect, it } from 'vitest';
import { createTidier } from '../../../src/cli/run/tidier.ts';

const MIB = 1024 * 1024;
const MINUTE = 60_000;

/** A process whose resident size and load the test sets; tidying brings it to `least`. */
function machine() {
  const state = { cpuMs: 0, resident: 100 * MIB, heap: 20 * MIB, least: 100 * MIB };
  const tidied: number[] = [];
  let nowMs = 0;
  const tick = createTidier({
    usage: () => ({ cpuMs: state.cpuMs, residentBytes: state.resident, heapBytes: state.heap }),
    tidy() {
      tidied.push(nowMs);
      state.resident = state.least;
    },
  });
  tick(nowMs);
  /** Seconds go by, of which it works so large a share. */
  const pass = (ms: number, share: number): void => {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += 1000;
      state.cpuMs += 1000 * share;
      tick(nowMs);
    }
  };
  return { state, tidied, pass };
}

describe('createTidier', () => {
  it('gives back what a burst left behind, once it is over', () => {
    const { state, tidied, pass } = machine();
    pass(MINUTE, 0.02);
    state.resident = 250 * MIB;
    pass(MINUTE, 0.9);
    expect(tidied).toEqual([]);
    pass(20_000, 0.05);
    expect(tidied).toHaveLength(1);
    expect(state.resident).toBe(100 * MIB);
    pass(60 * MINUTE, 0.05);
    expect(tidied).toHaveLength(1);
  });

  it('leaves alone what has hardly grown', () => {
    const { state, tidied, pass } = machine();
    state.resident = 110 * MIB;
    pass(10 * MINUTE, 0);
    expect(tidied).toEqual([]);
  });

  it('does not stop the work for long: not with a large heap', () => {
    const { state, tidied, pass } = machine();
    state.resident = 400 * MIB;
    state.heap = 200 * MIB;
    pass(10 * MINUTE, 0.05);
    expect(tidied).toEqual([]);
  });

  it('waits longer each time when the memory is soon in use again', () => {
    const { state, tidied, pass } = machine();
    for (let second = 0; second < 4 * 3600; second++) {
      pass(1000, 0.1);
      state.resident = 150 * MIB;
    }
    const waits = tidied.slice(1).map((at, i) => Math.round((at - (tidied[i] ?? 0)) / MINUTE));
    expect(waits.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32]);
    expect(Math.max(...waits)).toBe(60);
  });

  it('takes what is needed for good as the new measure', () => {
    const { state, tidied, pass } = machine();
    state.least = 180 * MIB;
    state.resident = 180 * MIB;
    pass(60 * MINUTE, 0.05);
    expect(tidied).toHaveLength(1);
  });
});
