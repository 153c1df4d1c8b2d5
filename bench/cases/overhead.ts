import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Program } from '../../test/support/programs.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { settledSum } from '../support/metrics.ts';
import { type Snapshot, since, snapshot, startProgramStats } from '../support/program-stats.ts';
import { startServers, steadyHttp, steadyLoad, warmUp } from '../support/steady-load.ts';
import { EVERYTHING_ON, OFF, type Switches, switchesToConfig } from '../support/switches.ts';
import { type RunningTelegen, startTelegen, type TelegenOptions, withTelegen } from '../support/telegen.ts';

interface Feature {
  readonly label: string;
  /** What is on beside the baseline. */
  readonly on: Partial<Switches>;
  /** Of the load, so many times 500 a second concern it; its processor time is told for 500. Default 1. */
  readonly times?: number;
  /** What the specification allows. */
  readonly spec?: { readonly percent: number; readonly megabytes: number };
}

const LOOK_MS = 500;
const HTTP_PER_SECOND = 5_000;
const DROPPED = 'telegen_records_dropped_total';
/** Of one processor. */
const IDLE_SHARE = 0.08;

const BASELINE = 'nothing on';

const FEATURES: readonly Feature[] = [
  { label: BASELINE, on: {} },
  { label: 'TCP metrics', on: { tcp: true }, spec: { percent: 0.5, megabytes: 10 } },
  { label: 'DNS tracing, per 500 queries/s', on: { dns: true }, spec: { percent: 0.2, megabytes: 5 } },
  {
    label: 'HTTP and gRPC tracing, per 500 requests/s',
    on: { http: true, grpc: true },
    times: 3,
    spec: { percent: 1, megabytes: 20 },
  },
  { label: 'XDP, sampled 1 in 1,000', on: { xdp: true }, spec: { percent: 0.1, megabytes: 5 } },
  { label: 'detectors and rules', on: { security: true } },
  { label: 'everything', on: EVERYTHING_ON },
];

/** Of one leg. */
interface Cost {
  /** Of all processors, user space and kernel programs. */
  readonly percent: number;
  readonly kernelPercent: number;
  readonly megabytes: number;
  readonly lost: number;
}

export const overhead: Benchmark = {
  name: 'overhead',
  title: 'Overhead of each feature, beside the table of the specification',
  work:
    'Servers in the observed cgroup answer 2,000 requests a second from outside, over a veth pair: 500 each of HTTP/1 over kept connections, ' +
    'HTTP/1 with a connection for each request, HTTP/2, and DNS. Processor time is that of all threads of telegen and of its kernel ' +
    'programs (as the kernel times them, with some 55 ns a run for the timing itself), in per cent of all processors. Warmed up with some ' +
    '80,000 requests as fast as they go. Then what these left behind is collected, as telegen does by itself some time after a burst, and ' +
    'memory is RssAnon after as much of the load again. Last, everything on, under 5,000 HTTP/1 requests a second over kept connections.',
  compares:
    'telegen run with one feature on, less the same with nothing on, which tracks connections and processes all the same; legs in turn.',
  live: true,
  takesLong: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const [rounds, seconds] = quick ? [1, 2] : [2, 3];
  return onOwnGround(async (ground) => {
    const stats = await startProgramStats(ground);
    await startServers(ground);
    const costs = new Map(FEATURES.map(({ label }) => [label, [] as Cost[]]));
    for (let round = 0; round < rounds; round++)
      for (const feature of FEATURES) {
        const cost = await measure({ ground, stats, feature, seconds });
        costs.get(feature.label)?.push(cost);
        say(`${feature.label}: ${cost.percent.toFixed(2)} %, ${cost.megabytes.toFixed(1)} MB`);
      }
    const busy = [await measureHttp(ground, seconds)];
    const { rows, raw } = outcomeOf(costs);
    const label = `everything, ${HTTP_PER_SECOND.toLocaleString('en')} HTTP requests/s: processor time, of one processor`;
    return {
      rows: [...rows, { label, unit: '%', ...summarise(busy), ...atMost(30) }],
      raw: { ...raw, [label]: busy },
    };
  });
}

/** User space alone, in per cent of one processor; the statistics of the kernel are on, as in the other legs. */
function measureHttp(ground: Sandbox, seconds: number): Promise<number> {
  return withTelegen(optionsOf(ground, EVERYTHING_ON), async (telegen) => {
    await warmUp(ground);
    await untilIdle(telegen);
    const [before, began] = [telegen.threadSeconds(), performance.now()];
    await steadyHttp(ground, HTTP_PER_SECOND, seconds);
    return (1e5 * (telegen.threadSeconds() - before)) / (performance.now() - began);
  });
}

function optionsOf({ folder, cgroup, namespaces }: Sandbox, on: Switches): TelegenOptions {
  const configFile = `${folder}/overhead.yaml`;
  writeFileSync(configFile, switchesToConfig(on));
  return { cgroup, configFile, namespace: namespaces.inside, collects: true };
}

interface Leg {
  readonly ground: Sandbox;
  readonly stats: Program;
  readonly feature: Feature;
  readonly seconds: number;
}

async function measure({ ground, stats, feature, seconds }: Leg): Promise<Cost> {
  const telegen = await startTelegen(optionsOf(ground, { ...OFF, ...feature.on }));
  await warmUp(ground);
  await untilIdle(telegen);
  const dropped = await settledSum(ground, DROPPED);
  const before = {
    kernel: await snapshot(stats, telegen.pid),
    cpu: telegen.threadSeconds(),
    at: performance.now(),
  };
  await steadyLoad(ground, seconds);
  // The last records are still being read.
  await pause(100);
  const elapsed = (performance.now() - before.at) / 1000;
  const user = telegen.threadSeconds() - before.cpu;
  const kernel = secondsOf(before.kernel, await snapshot(stats, telegen.pid));
  await telegen.collect();
  await steadyLoad(ground, seconds);
  const megabytes = telegen.memory('RssAnon') / 1e6;
  const percentOf = (used: number): number => (100 * used) / elapsed / cpus().length;
  const lost = (await settledSum(ground, DROPPED)) - dropped;
  await telegen.stop();
  return { percent: percentOf(user + kernel), kernelPercent: percentOf(kernel), megabytes, lost };
}

/** It has caught up with what was more than it could take. */
async function untilIdle(telegen: RunningTelegen): Promise<void> {
  for (let before = Number.NEGATIVE_INFINITY; ; ) {
    const now = telegen.threadSeconds();
    if (now - before < IDLE_SHARE * (LOOK_MS / 1000)) return;
    before = now;
    await pause(LOOK_MS);
  }
}

function secondsOf(before: Snapshot, after: Snapshot): number {
  let ns = 0;
  for (const [name, total] of after) ns += since(before.get(name), total).ns;
  return ns / 1e9;
}

function outcomeOf(costs: ReadonlyMap<string, readonly Cost[]>): Outcome {
  const base = costs.get(BASELINE) ?? [];
  const rows: Row[] = [];
  const raw: Record<string, readonly number[]> = {};
  for (const { label, spec, times = 1 } of FEATURES) {
    const own = costs.get(label) ?? [];
    const beyond = (figure: (cost: Cost) => number): number[] =>
      own.map((cost, round) => figure(cost) - (label === BASELINE ? 0 : figure(base[round] as Cost)));
    const percent = beyond((cost) => cost.percent).map((value) => value / times);
    const megabytes = beyond((cost) => cost.megabytes);
    rows.push(
      {
        label: `${label}: processor time`,
        unit: '%',
        ...summarise(percent),
        ...(spec && atMost(spec.percent)),
      },
      {
        label: `${label}: of it in the kernel`,
        unit: '%',
        ...summarise(beyond((cost) => cost.kernelPercent).map((value) => value / times)),
      },
      { label: `${label}: memory`, unit: 'MB', ...summarise(megabytes), ...(spec && atMost(spec.megabytes)) },
    );
    raw[`${label}: %`] = percent;
    raw[`${label}: MB`] = megabytes;
  }
  const lost = [...costs.values()].flat().map((cost) => cost.lost);
  rows.push({
    label: 'records lost under the load, of all legs together',
    unit: '',
    ...total(lost),
    ...atMost(0),
  });
  return { rows, raw };
}

const atMost = (value: number): Pick<Row, 'target'> => ({ target: { sense: '<=', value } });

function total(samples: readonly number[]): Pick<Row, 'value' | 'low' | 'high' | 'samples' | 'spread'> {
  const value = samples.reduce((sum, sample) => sum + sample, 0);
  return {
    value,
    low: Math.min(...samples),
    high: Math.max(...samples),
    samples: samples.length,
    spread: 'sum; least, most of a leg',
  };
}
