import type { Sandbox } from '../../test/support/sandbox.ts';
import { type BenchContext, type Benchmark, type Outcome, together } from '../model.ts';
import { quantile, ratios, summarise, takePairs } from '../statistics.ts';
import { lastCpu, nativeProgram, onOwnGround } from '../support/ground.ts';
import { SETUPS, type Setup, setupFile } from '../support/switches.ts';
import { attachedOrNot } from '../support/telegen.ts';

interface Leg {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export const connectLatency: Benchmark = {
  name: 'connect-latency',
  title: 'Latency of connect()',
  work:
    'A C program in the observed cgroup calls connect() to a listener outside it, over the loopback of a network namespace, ' +
    'thousands of times a leg, and takes CLOCK_MONOTONIC around each call; client and server are each pinned to a processor ' +
    'and the server is idle before each call. "By default" and "detectors alone" as in short-connections.',
  compares:
    'telegen run attached / not attached, legs in alternating order; each sample of a ratio is one pair of legs.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const program = nativeProgram('connect_latency');
  const [calls, pairs] = quick ? [3_000, 2] : [10_000, 6];
  return onOwnGround(async (ground) => {
    const port = await ground.start([program, 'serve', `${lastCpu()}`], { cgroup: 'none' }).number();
    const argv = [program, 'measure', '0', `${port}`, `${calls}`];
    const outcomes: Outcome[] = [];
    for (const setup of SETUPS) outcomes.push(await compare(ground, { argv, pairs, setup, calls }, say));
    return together(outcomes);
  });
}

interface Plan {
  readonly argv: readonly string[];
  readonly calls: number;
  readonly pairs: number;
  readonly setup: Setup;
}

async function compare(
  ground: Sandbox,
  { argv, calls, pairs: count, setup }: Plan,
  say: BenchContext['say'],
): Promise<Outcome> {
  const options = { cgroup: ground.cgroup, ...setupFile(setup, ground.folder) };
  const leg = (attached: boolean): Promise<Leg> =>
    attachedOrNot(attached, options, () => measure(ground, argv));
  await leg(true);
  const pairs = await takePairs(count, async (attached) => {
    const result = await leg(attached);
    say(`${setup}, ${attached ? 'attached' : 'not attached'}: ${(result.p50 / 1000).toFixed(2)} us`);
    return result;
  });
  const side = (attached: boolean, figure: keyof Leg): number[] =>
    pairs.map((pair) => (attached ? pair.attached : pair.detached)[figure] / 1000);
  const ratio = (figure: keyof Leg): number[] => ratios(pairs, (result) => result[figure]);
  return {
    rows: [
      {
        label: `${setup}: median, attached / not attached`,
        unit: '',
        ...summarise(ratio('p50')),
        target: { sense: '<=', value: 1.15 },
      },
      { label: `${setup}: p99, attached / not attached`, unit: '', ...summarise(ratio('p99')) },
      {
        label: `${setup}: median of ${calls} calls, not attached`,
        unit: 'us',
        ...summarise(side(false, 'p50')),
      },
      { label: `${setup}: median of ${calls} calls, attached`, unit: 'us', ...summarise(side(true, 'p50')) },
    ],
    raw: {
      [`${setup}, attached p50 us`]: side(true, 'p50'),
      [`${setup}, not attached p50 us`]: side(false, 'p50'),
      [`${setup}, attached p90 us`]: side(true, 'p90'),
      [`${setup}, not attached p90 us`]: side(false, 'p90'),
      [`${setup}, attached p99 us`]: side(true, 'p99'),
      [`${setup}, not attached p99 us`]: side(false, 'p99'),
    },
  };
}

async function measure(ground: Sandbox, argv: readonly string[]): Promise<Leg> {
  const nanoseconds = (await ground.start(argv).end()).trim().split('\n').map(Number);
  return {
    p50: quantile(nanoseconds, 0.5),
    p90: quantile(nanoseconds, 0.9),
    p99: quantile(nanoseconds, 0.99),
  };
}
