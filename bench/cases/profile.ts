import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { requestsOf } from '../support/live-requests.ts';
import { profileOf } from '../support/profile.ts';

/** Parts with less are summed up. */
const SMALLEST = 0.02;

export const profile: Benchmark = {
  name: 'profile',
  title: 'Where the time goes',
  work:
    'The requests of live-path, with the shipped rules and all telemetry, under the sampling profiler of V8: processor time by folder of ' +
    'src, with what the runtime does for it. The writing of the records (that is the benchmark) is left out.',
  compares: 'the parts of one run.',
  live: false,
  run,
};

async function run({ quick, say }: BenchContext): Promise<Outcome> {
  const rounds = quick ? 1 : 5;
  const rows: Row[] = [];
  const raw: Record<string, readonly number[]> = {};
  for (const [label, keepAlive] of [
    ['a connection for each request', false],
    ['kept connections', true],
  ] as const) {
    const { turn } = await requestsOf({ keepAlive, everything: true });
    turn();
    const taken = [];
    for (let round = 0; round < rounds; round++) taken.push(await profileOf(turn));
    const parts = new Set(taken.flatMap((shares) => [...shares.keys()]));
    for (const part of parts) {
      const samples = taken.map((shares) => 100 * (shares.get(part) ?? 0));
      raw[`${label}, ${part}`] = samples;
      rows.push({ label: `${label}: ${part}`, unit: '%', ...summarise(samples) });
    }
    say(label);
  }
  return { rows: rows.filter(({ value }) => value >= 100 * SMALLEST), raw };
}
