import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome } from '../model.ts';
import { quantile, ratios, summarise, takePairs } from '../statistics.ts';
import { lastCpu, nativeProgram, onOwnGround } from '../support/ground.ts';
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
    'and the server is idle before each call.',
  compares:
    'telegen run attached / not attached, legs in alternating order; each sample of a ratio is one pair of legs.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const program = nativeProgram('connect_latency');
  const calls = quick ? 3_000 : 10_000;
  return onOwnGround(async (ground) => {
    const port = await ground.start([program, 'serve', `${lastCpu()}`], { cgroup: 'none' }).number();
    const leg = (attached: boolean): Promise<Leg> =>
      attachedOrNot(attached, { cgroup: ground.cgroup }, () =>
        measure(ground, [program, 'measure', '0', `${port}`, `${calls}`]),
      );
    await leg(true);
    const pairs = await takePairs(quick ? 3 : 10, async (attached) => {
      const result = await leg(attached);
      say(`${attached ? 'attached' : 'not attached'}: ${(result.p50 / 1000).toFixed(2)} us`);
      return result;
    });
    const side = (attached: boolean, figure: keyof Leg): number[] =>
      pairs.map((pair) => (attached ? pair.attached : pair.detached)[figure] / 1000);
    const ratio = (figure: keyof Leg): number[] => ratios(pairs, (result) => result[figure]);
    return {
      rows: [
        {
          label: 'median, attached / not attached',
          unit: '',
          ...summarise(ratio('p50')),
          target: { sense: '<=', value: 1.15 },
        },
        { label: 'p99, attached / not attached', unit: '', ...summarise(ratio('p99')) },
        { label: `median of ${calls} calls, not attached`, unit: 'us', ...summarise(side(false, 'p50')) },
        { label: `median of ${calls} calls, attached`, unit: 'us', ...summarise(side(true, 'p50')) },
      ],
      raw: {
        'attached p50 us': side(true, 'p50'),
        'not attached p50 us': side(false, 'p50'),
        'attached p90 us': side(true, 'p90'),
        'not attached p90 us': side(false, 'p90'),
        'attached p99 us': side(true, 'p99'),
        'not attached p99 us': side(false, 'p99'),
      },
    };
  });
}

async function measure(ground: Sandbox, argv: readonly string[]): Promise<Leg> {
  const nanoseconds = (await ground.start(argv).end()).trim().split('\n').map(Number);
  return {
    p50: quantile(nanoseconds, 0.5),
    p90: quantile(nanoseconds, 0.9),
    p99: quantile(nanoseconds, 0.99),
  };
}
