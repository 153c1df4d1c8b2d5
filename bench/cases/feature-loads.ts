import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { formatNumber } from '../report.ts';
import { summarise } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import {
  HTTP1_WORKLOADS,
  load,
  type Said,
  startAllServers,
  WORKLOADS,
  type Workload,
} from '../support/loads.ts';
import { settledSum } from '../support/metrics.ts';
import { since, snapshot, startProgramStats } from '../support/program-stats.ts';
import { EVERYTHING_ON, OFF, type Switches, switchesToConfig } from '../support/switches.ts';
import { type RunningTelegen, withTelegen } from '../support/telegen.ts';

const FEATURES: Readonly<Record<string, Partial<Switches>>> = {
  'nothing on': {},
  TCP: { tcp: true },
  DNS: { dns: true },
  HTTP: { http: true },
  gRPC: { grpc: true },
  'XDP sampled': { xdp: true },
  'security only': { security: true },
  everything: EVERYTHING_ON,
};
const LOADS: readonly Workload[] = [...HTTP1_WORKLOADS, ...WORKLOADS];
const DROPPED = 'telegen_records_dropped_total';
const SECONDS = 1;
const IDLE_MS = 2_000;

/** What the load's own program says without telegen, by load. */
type Without = ReadonlyMap<Workload, Said>;

interface Kernel {
  /** Of all processors, with the timing of the runs, some 55 ns each. */
  readonly percent: number;
  readonly nsPerRun: number;
}

/** One feature under one load. */
interface Cell extends Kernel {
  readonly said: Said;
  /** Of telegen in user space, for one thing done. */
  readonly cpuUs: number;
  readonly megabytes: number;
  readonly lost: number;
  /** Share of the things done that telegen counted; undefined where the feature counts none of them. */
  readonly told: number | undefined;
}

interface Column {
  readonly feature: string;
  readonly before: Without;
  readonly cells: ReadonlyMap<Workload, Cell>;
  readonly idlePercent: number;
  readonly after: Without;
}

export const featureLoads: Benchmark = {
  name: 'feature-loads',
  title: 'Each feature under each load',
  work:
    'The servers of workloads, and nginx under wrk, each loaded as fast as it goes for a second, with a telegen that has one feature on and warmed up under the same load for another ' +
    'second. In that one the kernel times the programs (the timing itself costs some 55 ns a run). Beside the throughput: median and 99th percentile with / without (where the load tells ' +
    'them), processor time of telegen, mean run of a kernel program and share of all processors, RssAnon, records lost, and how many of what was done telegen counted.',
  compares:
    'the load with telegen to the mean of the same without, right before and right behind all loads of a feature.',
  live: true,
  onRequest: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const features = Object.keys(FEATURES).filter((name) => !quick || name === 'everything');
  const loads = quick ? LOADS.slice(0, 2) : LOADS;
  return onOwnGround(async (ground) => {
    await startAllServers(ground);
    const columns: Column[] = [];
    let before = await allWithout(ground, loads);
    for (const feature of features) {
      const with_ = await allWith(ground, loads, feature);
      const after = await allWithout(ground, loads);
      columns.push({ feature, before, ...with_, after });
      before = after;
      say(feature);
    }
    return outcomeOf(columns, loads);
  });
}

async function allWithout(ground: Sandbox, loads: readonly Workload[]): Promise<Without> {
  const said = new Map<Workload, Said>();
  for (const each of loads) said.set(each, await load(ground, each, SECONDS));
  return said;
}

function allWith(
  ground: Sandbox,
  loads: readonly Workload[],
  feature: string,
): Promise<Pick<Column, 'cells' | 'idlePercent'>> {
  const configFile = `${ground.folder}/feature.yaml`;
  const { cgroup, namespaces } = ground;
  writeFileSync(configFile, switchesToConfig({ ...OFF, ...FEATURES[feature] }));
  return withTelegen({ cgroup, configFile, namespace: namespaces.inside }, async (telegen) => {
    const idlePercent = await idleShare(telegen);
    const cells = new Map<Workload, Cell>();
    for (const each of loads) cells.set(each, await measure(ground, telegen, each));
    return { cells, idlePercent };
  });
}

const percentOfAll = (seconds: number, elapsedMs: number): number =>
  (100_000 * seconds) / elapsedMs / cpus().length;

async function idleShare(telegen: RunningTelegen): Promise<number> {
  const [before, began] = [telegen.threadSeconds(), performance.now()];
  await pause(IDLE_MS);
  return percentOfAll(telegen.threadSeconds() - before, performance.now() - began);
}

/** Warms up as well: telegen runs for months, its code must be compiled before it is judged. */
async function kernelOf(ground: Sandbox, telegen: RunningTelegen, workload: Workload): Promise<Kernel> {
  const stats = await startProgramStats(ground);
  const [before, began] = [await snapshot(stats, telegen.pid), performance.now()];
  await load(ground, workload, SECONDS);
  const elapsedMs = performance.now() - began;
  const spent = [...(await snapshot(stats, telegen.pid))].map(([name, total]) =>
    since(before.get(name), total),
  );
  await stats.kill();
  const ns = spent.reduce((sum, each) => sum + each.ns, 0);
  const runs = spent.reduce((sum, each) => sum + each.runs, 0);
  return { percent: percentOfAll(ns / 1e9, elapsedMs), nsPerRun: ns / Math.max(runs, 1) };
}

async function measure(ground: Sandbox, telegen: RunningTelegen, workload: Workload): Promise<Cell> {
  const { counter } = workload;
  const counted = (): Promise<number> | number => (counter === undefined ? 0 : settledSum(ground, counter));
  const kernel = await kernelOf(ground, telegen, workload);
  const lost = await settledSum(ground, DROPPED);
  const before = { cpu: telegen.threadSeconds(), counted: await counted() };
  const said = await load(ground, workload, SECONDS);
  // What it has not read yet belongs to the load.
  const told = ((await counted()) - before.counted) / said.count;
  return {
    ...kernel,
    said,
    cpuUs: ((telegen.threadSeconds() - before.cpu) * 1e6) / said.count,
    megabytes: telegen.memory('RssAnon') / 1e6,
    lost: (await settledSum(ground, DROPPED)) - lost,
    told: told > 0 ? told : undefined,
  };
}

function outcomeOf(columns: readonly Column[], loads: readonly Workload[]): Outcome {
  const rows: Row[] = [];
  const raw: Record<string, readonly number[]> = {};
  for (const each of loads)
    for (const column of columns) {
      const ratios = ratiosOf(column, each, (said) => said.perSecond);
      const label = `${each.label}: ${column.feature}`;
      rows.push({ label, unit: 'of it', ...summarise(ratios), note: noteOf(column, each) });
      raw[label] = ratios;
    }
  for (const { feature, idlePercent } of columns)
    rows.push({ label: `idle: ${feature}`, unit: '% of all processors', ...summarise([idlePercent]) });
  return { rows, raw };
}

/** With telegen to without before, and to without behind. */
function ratiosOf(
  { cells, before, after }: Column,
  workload: Workload,
  figure: (said: Said) => number | undefined,
): number[] {
  const of = (said: Said | undefined): number => (said && figure(said)) ?? Number.NaN;
  const with_ = of(cells.get(workload)?.said);
  return [before, after].map((without) => with_ / of(without.get(workload)));
}

function noteOf(column: Column, workload: Workload): string {
  const cell = column.cells.get(workload);
  if (cell === undefined) return '';
  const quantiles = (['p50Ms', 'p99Ms'] as const).flatMap((name) => {
    const ratio = summarise(ratiosOf(column, workload, (said) => said[name])).value;
    return Number.isFinite(ratio) ? [`${name.slice(0, 3)} ${formatNumber(ratio)}`] : [];
  });
  return [
    ...quantiles,
    `${formatNumber(cell.cpuUs)} us/${workload.per}`,
    `kernel ${formatNumber(cell.nsPerRun)} ns a run, ${formatNumber(cell.percent)} %`,
    `${formatNumber(cell.megabytes)} MB`,
    `lost ${cell.lost}`,
    ...(cell.told === undefined ? [] : [`told ${formatNumber(cell.told)}`]),
  ].join('; ');
}
