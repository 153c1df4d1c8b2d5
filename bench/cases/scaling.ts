import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { GROWING, type Growing } from '../support/growing.ts';

/** For a hundred times the size, where what grew with the size would take 100 times as long. */
const TARGET = { sense: '<=', value: 30 } as const;
const STEPS = [1, 10, 100] as const;

export const scaling: Benchmark = {
  name: 'scaling',
  title: 'Cost as work grows',
  work:
    'The time of one thing done while there is 1, 10 and 100 times as much of what it is done among: ' +
    `${GROWING.map(({ label, unit, base }) => `${label} (one ${unit}; ${base.toLocaleString('en')}, ${(base * 10).toLocaleString('en')}, ${(base * 100).toLocaleString('en')})`).join('; ')}. ` +
    'One thread, no kernel.',
  compares:
    'each with itself, in turns. What grew with the size would be 100; what no longer fits into the caches of a processor makes up to 15.',
  live: false,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 2 : 5, say),
};

function measure(rounds: number, say: BenchContext['say']): Outcome {
  const rows: Row[] = [];
  const raw: Record<string, number[]> = {};
  for (const growing of GROWING) {
    const costs = costsOf(growing, rounds);
    const [least = [], , most = []] = costs;
    for (const [step, samples] of costs.entries()) {
      const size = growing.base * (STEPS[step] ?? 1);
      raw[`${growing.label}, ${size}, ns`] = samples;
      rows.push({
        label: `${growing.label}: ${size.toLocaleString('en')}`,
        unit: 'ns',
        ...summarise(samples),
      });
    }
    const ratios = most.map((cost, i) => cost / (least[i] ?? cost));
    rows.push({
      label: `${growing.label}: 100 times as much`,
      unit: 'ratio',
      ...summarise(ratios),
      target: TARGET,
    });
    say(growing.label);
  }
  return { rows, raw };
}

/** Samples in ns for each size; the first round warms up. */
function costsOf({ base, create }: Growing, rounds: number): number[][] {
  const works = STEPS.map((step) => create(base * step));
  const samples = STEPS.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [step, work] of works.entries()) {
      const began = performance.now();
      const done = work();
      const ns = ((performance.now() - began) * 1e6) / done;
      if (round > 0) samples[step]?.push(ns);
    }
  }
  return samples;
}
