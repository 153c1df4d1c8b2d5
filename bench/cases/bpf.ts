import { setTimeout as pause } from 'node:timers/promises';
import type { Program } from '../../test/support/programs.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { formatNumber } from '../report.ts';
import { summarise } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { type Snapshot, since, snapshot, startProgramStats } from '../support/program-stats.ts';
import { withTelegen } from '../support/telegen.ts';
import { type ObservedEnd, runWrk, withNginx } from '../support/web.ts';

/** Programs that ran less often than once in so many requests belong to start-up, not to the load. */
const RARE = 20;
const ENDS: readonly ObservedEnd[] = ['server', 'client'];

/** By program ns a run and, with RUNS after the name, runs a request. */
type Figures = ReadonlyMap<string, number>;
const RUNS = ', runs a request';

export const bpf: Benchmark = {
  name: 'bpf',
  title: 'Cost of each kernel program',
  work:
    'The kernel times every run of every program of telegen (BPF_ENABLE_STATS, on only meanwhile) under the load of ' +
    'short-connections. Gross: the timing itself costs about 55 ns of each figure. The sum per request is runs times time ' +
    'of all programs, and counts neither the attachment points nor telegen in user space.',
  compares: 'programs; with nginx or with wrk in the observed cgroup.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  return onOwnGround(async (ground) => {
    const stats = await startProgramStats(ground);
    const [rounds, seconds] = quick ? [1, 1] : [3, 2];
    const raw: Record<string, number[]> = {};
    const rows: Row[] = [];
    for (const observed of ENDS) {
      const taken: Figures[] = [];
      for (let round = 0; round < rounds; round++) {
        say(`${observed} observed, round ${round + 1} of ${rounds}`);
        taken.push(await measure({ ground, stats, observed, seconds }));
      }
      rows.push(...rowsOf(observed, taken));
      for (const [name, samples] of columns(taken)) raw[`${observed} observed: ${name}`] = samples;
    }
    return { rows, raw };
  });
}

/** The samples of each figure over all rounds. */
function columns(taken: readonly Figures[]): Map<string, number[]> {
  const names = new Set(taken.flatMap((figures) => [...figures.keys()]));
  return new Map([...names].map((name) => [name, taken.flatMap((figures) => figures.get(name) ?? [])]));
}

function rowsOf(observed: ObservedEnd, taken: readonly Figures[]): Row[] {
  const samples = columns(taken);
  return [...samples.keys()]
    .filter((name) => !name.endsWith(RUNS))
    .map((name) => {
      const runs = samples.get(`${name}${RUNS}`);
      const often = runs === undefined ? '' : `, ${formatNumber(summarise(runs).value)} runs a request`;
      return {
        label: `${observed} observed: ${name}${often}`,
        unit: 'ns',
        ...summarise(samples.get(name) ?? []),
      };
    });
}

interface Load {
  readonly ground: Sandbox;
  readonly stats: Program;
  readonly observed: ObservedEnd;
  readonly seconds: number;
}

function measure({ ground, stats, observed, seconds }: Load): Promise<Figures> {
  return withTelegen({ cgroup: ground.cgroup }, (telegen) =>
    withNginx(ground, observed === 'server', async () => {
      const before = await snapshot(stats, telegen.pid);
      const { requests } = await runWrk(ground, {
        seconds,
        keepAlive: false,
        observed: observed === 'client',
      });
      // The last connections are still closing.
      await pause(100);
      return figures(requests, before, await snapshot(stats, telegen.pid));
    }),
  );
}

function figures(requests: number, before: Snapshot, after: Snapshot): Figures {
  const taken = new Map<string, number>();
  let sum = 0;
  for (const [name, total] of after) {
    const { runs, ns } = since(before.get(name), total);
    if (runs < requests / RARE) continue;
    taken.set(name, ns / runs).set(`${name}${RUNS}`, runs / requests);
    sum += ns;
  }
  return taken.set('all programs together, a request', sum / requests);
}
