import { writeFileSync } from 'node:fs';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { type Pair, ratios, summarise, takePairs } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { load, type Said, startAllServers, WORKLOADS, type Workload } from '../support/loads.ts';
import { settledSum } from '../support/metrics.ts';
import { EVERYTHING_ON, switchesToConfig } from '../support/switches.ts';
import { attachedOrNot, type RunningTelegen } from '../support/telegen.ts';

interface Leg extends Said {
  /** Processor time of telegen for one thing done, us. */
  readonly cpuUs: number;
  /** Share of the things done that telegen counted. */
  readonly told: number | undefined;
}

export const workloads: Benchmark = {
  name: 'workloads',
  title: 'What servers keep with everything on',
  work:
    'One server at a time in the observed cgroup, loaded from another network namespace over a veth pair: nghttpd (files, and the same with ' +
    'the header and trailer fields of gRPC), dnsmasq, redis-server, iperf3 in both directions. Loads, servers and telegen share all ' +
    'processors. telegen runs with TCP metrics, DNS, HTTP and gRPC tracing, packets sampled 1 in 1,000, detectors and rules.',
  compares:
    'throughput, and 99th percentile where the load tells it, with telegen attached / not attached; legs in alternating order.',
  live: true,
  takesLong: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const [pairCount, seconds] = quick ? [1, 1] : [2, 2];
  return onOwnGround(async (ground) => {
    await startAllServers(ground);
    writeFileSync(`${ground.folder}/workloads.yaml`, switchesToConfig(EVERYTHING_ON));
    const rows: Row[] = [];
    const raw: Record<string, readonly number[]> = {};
    for (const workload of WORKLOADS) {
      const pairs = await takePairs(pairCount, (attached) =>
        attachedOrNot(attached, optionsOf(ground), (telegen) => measure(ground, workload, seconds, telegen)),
      );
      const outcome = outcomeOf(workload, pairs);
      rows.push(...outcome.rows);
      Object.assign(raw, outcome.raw);
      say(`${workload.label}: ${outcome.rows[0]?.value.toFixed(3)}`);
    }
    return { rows, raw };
  });
}

const optionsOf = ({ cgroup, folder, namespaces }: Sandbox) => ({
  cgroup,
  configFile: `${folder}/workloads.yaml`,
  namespace: namespaces.inside,
});

/** Loaded for a second first: telegen runs for months, its code must be compiled before it is judged. */
async function measure(
  ground: Sandbox,
  workload: Workload,
  seconds: number,
  telegen: RunningTelegen | undefined,
): Promise<Leg> {
  const { counter } = workload;
  await load(ground, workload, 1);
  const counted = (): Promise<number> | undefined =>
    telegen === undefined || counter === undefined ? undefined : settledSum(ground, counter);
  const before = { cpu: telegen?.cpuSeconds() ?? 0, told: await counted() };
  const said = await load(ground, workload, seconds);
  const told = await counted();
  return {
    ...said,
    cpuUs: (((telegen?.cpuSeconds() ?? 0) - before.cpu) * 1e6) / said.count,
    told: told === undefined ? undefined : (told - (before.told ?? 0)) / said.count,
  };
}

function outcomeOf({ label, unit, scale = 1, per, target }: Workload, pairs: readonly Pair<Leg>[]): Outcome {
  const kept = ratios(pairs, (leg) => leg.perSecond);
  const without = pairs.map(({ detached }) => detached.perSecond / scale);
  const cpu = pairs.map(({ attached }) => attached.cpuUs);
  const rows: Row[] = [
    {
      label: `${label}: throughput, with / without`,
      unit: '',
      ...summarise(kept),
      ...(target && { target }),
    },
    { label: `${label}: without`, unit, ...summarise(without) },
    { label: `${label}: processor time of telegen`, unit: `us/${per}`, ...summarise(cpu) },
  ];
  const raw: Record<string, readonly number[]> = {
    [`${label}: ratio`]: kept,
    [`${label}: without, ${unit}`]: without,
    [`${label}: us/${per}`]: cpu,
  };
  const told = pairs.flatMap(({ attached }) => attached.told ?? []);
  if (told.length > 0) {
    rows.push({ label: `${label}: told by telegen`, unit: 'of 1', ...summarise(told) });
    raw[`${label}: told`] = told;
  }
  if (pairs[0]?.detached.p99Ms !== undefined) {
    const p99 = ratios(pairs, (leg) => leg.p99Ms ?? Number.NaN);
    rows.push({
      label: `${label}: 99th percentile, with / without`,
      unit: '',
      ...summarise(p99),
      target: { sense: '<=', value: 1.15 },
    });
    raw[`${label}: 99th percentile, ratio`] = p99;
  }
  return { rows, raw };
}
