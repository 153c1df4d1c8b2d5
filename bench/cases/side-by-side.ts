import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { SENSORS, type Sensor, type Watcher } from '../support/sensors.ts';
import { runWrk, warmUp, withNginx } from '../support/web.ts';

const LOADS = [
  { label: 'kept connections', keepAlive: true },
  { label: 'short connections', keepAlive: false },
] as const;
type Load = (typeof LOADS)[number];

interface Leg {
  readonly perSecond: number;
  /** Of the sensor. */
  readonly cpuUs: number;
  /** Shares; undefined where the sensor does not tell. */
  readonly requests: number | undefined;
  readonly packets: number | undefined;
}

export const sideBySide: Benchmark = {
  name: 'side-by-side',
  title: 'Beside other sensors',
  work:
    'The load of short-connections and of keep-alive, nginx observed, while one of several sensors watches: telegen run with all its telemetry ' +
    'and detectors, tcpdump -w, tshark that prints the path of each request, softflowd that exports flows. Requests told: by the metrics of ' +
    'telegen, by the lines of tshark, of those that wrk counted. Packets taken: by what tcpdump says.',
  compares:
    'requests per second with the sensor / with none, in turns within each round, a new nginx for each.',
  live: true,
  takesLong: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const [rounds, seconds] = quick ? [1, 1] : [2, 2];
  return onOwnGround(async (ground) => {
    const rows: Row[] = [];
    const raw: Record<string, number[]> = {};
    for (const load of LOADS) {
      const none: number[] = [];
      const legs = new Map(SENSORS.map(({ label }) => [label, [] as Leg[]]));
      for (let round = 0; round < rounds; round++) {
        none.push((await measure(ground, load, seconds)).perSecond);
        for (const sensor of SENSORS) {
          const leg = await measure(ground, load, seconds, sensor);
          legs.get(sensor.label)?.push(leg);
          say(`${load.label}, ${sensor.label}: ${Math.round(leg.perSecond)} requests/s`);
        }
      }
      for (const [label, taken] of legs) add(rows, raw, `${load.label}, ${label}`, taken, none);
    }
    return { rows, raw };
  });
}

function measure(ground: Sandbox, { keepAlive }: Load, seconds: number, sensor?: Sensor): Promise<Leg> {
  return withNginx(ground, true, async () => {
    const watcher = await sensor?.start(ground);
    await warmUp(ground, { observed: false, what: sensor?.label === 'telegen' ? 'telegen' : 'nginx' });
    return measureLoad(ground, { keepAlive, seconds }, watcher);
  });
}

async function measureLoad(
  ground: Sandbox,
  { keepAlive, seconds }: { readonly keepAlive: boolean; readonly seconds: number },
  watcher: Watcher | undefined,
): Promise<Leg> {
  const before = { cpu: watcher?.cpuSeconds() ?? 0, requests: await watcher?.requests() };
  const { requests, perSecond } = await runWrk(ground, { seconds, keepAlive, observed: false });
  const cpuUs = (((watcher?.cpuSeconds() ?? 0) - before.cpu) * 1e6) / requests;
  const told = await watcher?.requests();
  const packets = await watcher?.stop();
  const share =
    told === undefined || before.requests === undefined ? undefined : (told - before.requests) / requests;
  return { perSecond, cpuUs, requests: share, packets };
}

function add(
  rows: Row[],
  raw: Record<string, number[]>,
  where: string,
  legs: readonly Leg[],
  none: readonly number[],
): void {
  const ratios = legs.map((leg, round) => leg.perSecond / (none[round] as number));
  raw[`${where}: ratio`] = ratios;
  rows.push({ label: `${where}: throughput, with / without`, unit: '', ...summarise(ratios) });
  const columns = [
    ['processor time of the sensor', 'us/request', legs.map((leg) => leg.cpuUs)],
    ['requests told', 'of 1', legs.flatMap((leg) => leg.requests ?? [])],
    ['packets taken', 'of 1', legs.flatMap((leg) => leg.packets ?? [])],
  ] as const;
  for (const [label, unit, samples] of columns) {
    if (samples.length === 0) continue;
    raw[`${where}: ${label}`] = [...samples];
    rows.push({ label: `${where}: ${label}`, unit, ...summarise(samples) });
  }
}
