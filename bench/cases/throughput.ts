import type { Sandbox } from '../../test/support/sandbox.ts';
import { type BenchContext, type Benchmark, type Outcome, type Row, together } from '../model.ts';
import { type Pair, ratios, summarise, takePairs } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { SETUPS, type Setup, setupFile } from '../support/switches.ts';
import { attachedOrNot, type RunningTelegen } from '../support/telegen.ts';
import { type ObservedEnd, runWrk, warmUp, withNginx } from '../support/web.ts';

const SHORT_TARGET = { sense: '>=', value: 0.93 } as const;
const KEPT_TARGET = { sense: '>=', value: 0.95 } as const;
const ENDS: readonly ObservedEnd[] = ['server', 'client'];

interface Leg {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Of telegen itself, per request; 0 when not attached. */
  readonly cpuUs: number;
  readonly peakBytes: number;
}

interface Plan {
  readonly keepAlive: boolean;
  readonly observed: ObservedEnd;
  readonly setup: Setup;
  readonly pairs: number;
  readonly seconds: number;
  /** Legs with telegen. */
  readonly warmedUpFor: 'telegen' | 'quick';
}

export const shortConnections: Benchmark = {
  name: 'short-connections',
  title: 'Throughput of short connections',
  work:
    'wrk (1 thread, 32 connections, "Connection: close") loads one nginx worker over the loopback of a network namespace: one ' +
    'connection for each request. One end is in the observed cgroup, the other outside. wrk, nginx and telegen share all ' +
    'processors, so what telegen itself uses to handle the events is taken from the load, too. Legs with telegen are warmed up with ' +
    '40,000 connections by ab, others with 4,000. "By default" is without a configuration file: all telemetry, rules and detectors; "detectors alone" has ' +
    'telemetry and rules switched off.',
  compares:
    'requests per second with telegen run attached / not attached, legs in alternating order, a new nginx for each.',
  live: true,
  run: (context) =>
    runPlans(
      context,
      ENDS.flatMap((observed) =>
        SETUPS.map((setup) => plan(context, { keepAlive: false, observed, setup, pairs: 3 })),
      ),
    ),
};

export const keepAlive: Benchmark = {
  name: 'keep-alive',
  title: 'Throughput over kept connections',
  work: 'As short-connections, but all requests go over 32 connections that stay open; nginx is in the observed cgroup.',
  compares: shortConnections.compares,
  live: true,
  run: (context) =>
    runPlans(context, [
      plan(context, { keepAlive: true, observed: 'server', setup: 'by default', pairs: 2 }),
    ]),
};

function plan({ quick }: BenchContext, full: Omit<Plan, 'seconds' | 'warmedUpFor'>): Plan {
  if (quick) return { ...full, pairs: 1, seconds: 1, warmedUpFor: 'quick' };
  return { ...full, seconds: 2, warmedUpFor: 'telegen' };
}

async function runPlans(context: BenchContext, plans: readonly Plan[]): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const each of plans) outcomes.push(await runPlan(context, each));
  return together(outcomes);
}

function runPlan(
  { say }: BenchContext,
  { keepAlive, observed, setup, pairs: count, seconds, warmedUpFor }: Plan,
): Promise<Outcome> {
  const where = `${observed} observed, ${setup}`;
  return onOwnGround(async (ground) => {
    const options = { cgroup: ground.cgroup, ...setupFile(setup, ground.folder) };
    const pairs = await takePairs(count, async (attached) => {
      const leg = await attachedOrNot(attached, options, (telegen) =>
        measure(ground, { keepAlive, observed, seconds, warmedUpFor }, telegen),
      );
      say(`${where}, ${attached ? 'attached' : 'not attached'}: ${Math.round(leg.perSecond)} requests/s`);
      return leg;
    });
    return { rows: rowsOf(pairs, keepAlive, where), raw: rawOf(pairs, where) };
  });
}

function measure(
  ground: Sandbox,
  { keepAlive, observed, seconds, warmedUpFor }: Omit<Plan, 'pairs' | 'setup'>,
  telegen: RunningTelegen | undefined,
): Promise<Leg> {
  return withNginx(ground, observed === 'server', async () => {
    await warmUp(ground, { observed: observed === 'client', what: telegen ? warmedUpFor : 'nginx' });
    const before = telegen?.cpuSeconds() ?? 0;
    const { requests, perSecond, p99Ms } = await runWrk(ground, {
      seconds,
      keepAlive,
      observed: observed === 'client',
    });
    const cpuUs = (((telegen?.cpuSeconds() ?? 0) - before) * 1e6) / requests;
    return { perSecond, p99Ms, cpuUs, peakBytes: telegen?.memory('VmHWM') ?? 0 };
  });
}

function rowsOf(pairs: readonly Pair<Leg>[], keepAlive: boolean, where: string): Row[] {
  const attached = pairs.map((pair) => pair.attached);
  const ratio = {
    label: `${where}: attached / not attached`,
    unit: '',
    ...summarise(ratios(pairs, (leg) => leg.perSecond)),
  };
  return [
    { ...ratio, target: keepAlive ? KEPT_TARGET : SHORT_TARGET },
    {
      label: `${where}: 99th percentile, attached / not attached`,
      unit: '',
      ...summarise(ratios(pairs, (leg) => leg.p99Ms)),
      target: { sense: '<=', value: 1.15 },
    },
    {
      label: `${where}: not attached`,
      unit: 'requests/s',
      ...summarise(pairs.map((pair) => pair.detached.perSecond)),
    },
    { label: `${where}: attached`, unit: 'requests/s', ...summarise(attached.map((leg) => leg.perSecond)) },
    {
      label: `${where}: processor time of telegen`,
      unit: 'us/request',
      ...summarise(attached.map((leg) => leg.cpuUs)),
    },
    {
      label: `${where}: peak resident memory of telegen`,
      unit: 'MB',
      ...summarise(attached.map((leg) => leg.peakBytes / 1e6)),
    },
  ];
}

function rawOf(pairs: readonly Pair<Leg>[], where: string): Outcome['raw'] {
  return {
    [`${where}, attached, requests/s`]: pairs.map((pair) => pair.attached.perSecond),
    [`${where}, not attached, requests/s`]: pairs.map((pair) => pair.detached.perSecond),
    [`${where}, 99th percentile, ratio`]: ratios(pairs, (leg) => leg.p99Ms),
    [`${where}, telegen us/request`]: pairs.map((pair) => pair.attached.cpuUs),
    [`${where}, telegen peak bytes`]: pairs.map((pair) => pair.attached.peakBytes),
  };
}
