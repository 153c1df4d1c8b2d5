import type { Outcome, Row, Target } from '../model.ts';
import { summarise } from '../statistics.ts';

/** Some work that is done `count` times a turn; what it returns must not be 0, so that nothing is optimised away. */
export interface Work {
  readonly label: string;
  readonly unit: string;
  /** Things done a turn. */
  readonly count: number;
  readonly turn: () => number;
  readonly target?: Target;
  readonly note?: string;
}

/** Takes turns, so that a machine that gets busier slows all alike; the first round only warms up. Rates per second. */
export function takeTurns(works: readonly Work[], rounds: number): Outcome {
  const samples = works.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, work] of works.entries()) {
      const began = performance.now();
      const result = work.turn();
      const seconds = (performance.now() - began) / 1000;
      if (!(result > 0)) throw new Error(`${work.label}: nothing was done`);
      if (round > 0) samples[index]?.push(work.count / seconds);
    }
  }
  const rows = works.map(({ label, unit, target, note }, index): Row => {
    const row = { label, unit, ...summarise(samples[index] ?? []) };
    return { ...row, ...(target && { target }), ...(note !== undefined && { note }) };
  });
  const raw = Object.fromEntries(
    works.map(({ label, unit }, index) => [`${label}, ${unit}`, samples[index] ?? []]),
  );
  return { rows, raw };
}
