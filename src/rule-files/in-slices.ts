import { setImmediate } from 'node:timers/promises';

/** Longest time for which the event loop waits for a step to end, unless a single step takes longer. */
const SLICE_MS = 8;

/** Runs steps to their end, and lets other work pass in between. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  let began = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - began < SLICE_MS) continue;
    await setImmediate();
    began = performance.now();
  }
}
