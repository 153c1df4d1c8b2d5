import { setTimeout as pause } from 'node:timers/promises';
import { type LiveCapture, openLiveCapture } from '../../src/capture/live/live-capture.ts';
import { createAggregator } from '../../src/telemetry/aggregate/aggregator.ts';
import { createRegistry } from '../../src/telemetry/aggregate/registry.ts';
import type { Program } from '../../test/support/programs.ts';
import type { Place, Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome } from '../model.ts';
import { summarise } from '../statistics.ts';
import { nativeProgram, onOwnGround } from '../support/ground.ts';
import { startTelegen } from '../support/telegen.ts';

const CONNECTIONS = 50_000;
/** Both ends of each are observed. */
const FLOWS = 2 * CONNECTIONS;
const EVERY_MS = 4_000;
const LOOK_MS = 250;
const SETTLE_MS = 12_000;
/** By then the young generation, which a load makes grow, has its size. */
const FEW = 25_000;
const UNIT = 10_000;
/** A process may have some 20,000 files open, each end of a connection being one. */
const HOLDERS = 10;
const MEGA = 1e6;

export const liveFlows: Benchmark = {
  name: 'live-flows',
  title: 'Counters of open connections',
  work:
    `${HOLDERS} processes hold both ends of ${CONNECTIONS.toLocaleString('en')} connections, each client with an address of its own, and send a byte through ` +
    'each before every round. A round reads the counters of all sockets that have news and adds them up in the metrics ' +
    '(agent.network.tcp); timed is the processor time of the thread that does it until the round is over, the kernel side included, and ' +
    'what else it does meanwhile. Memory: one end of each connection is observed; RssAnon of telegen run (default configuration; without the rings, which are mapped), 12 s after connections were opened and after a collection of garbage.',
  compares: `memory with ${FEW.toLocaleString('en')} connections and with ${CONNECTIONS.toLocaleString('en')}, by the difference.`,
  live: true,
  takesLong: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  return onOwnGround(async (ground) => {
    const drains = await timeRounds(ground, quick ? 2 : 5, say);
    await ground.endPrograms();
    const growth = [await growthOf(ground, say)];
    return {
      rows: [
        {
          label: `a round over ${FLOWS.toLocaleString('en')} flows with news, processor time`,
          unit: 'ms',
          ...summarise(drains),
          target: { sense: '<=', value: 150 },
        },
        {
          label: 'memory for 10,000 tracked flows',
          unit: 'MB',
          ...summarise(growth),
          target: { sense: '<=', value: 8 },
        },
      ],
      raw: { 'round ms': drains, 'MB for 10,000': growth },
    };
  });
}

/** Processes that open these numbers of connections, one number a step. */
function startHolders(
  ground: Sandbox,
  steps: readonly number[],
  { place = {}, acceptIn }: { readonly place?: Place; readonly acceptIn?: string } = {},
): Program[] {
  const program = nativeProgram('flow_holder');
  const own = steps.map((count) => `${count / HOLDERS}`);
  const most = steps.reduce((sum, count) => sum + count, 0) / HOLDERS;
  const elsewhere = acceptIn === undefined ? [] : ['-a', acceptIn];
  return Array.from({ length: HOLDERS }, (_, i) =>
    ground.start([program, ...elsewhere, `${i * most}`, ...own], place),
  );
}

async function step(holders: readonly Program[]): Promise<void> {
  for (const holder of holders) holder.go();
  for (const holder of holders) await holder.line();
}

async function untilRound(capture: LiveCapture): Promise<void> {
  const { rounds = 0 } = capture.flows() ?? {};
  while (capture.flows()?.rounds === rounds) await pause(LOOK_MS);
}

async function timeRounds(ground: Sandbox, count: number, say: (text: string) => void): Promise<number[]> {
  const registry = createRegistry();
  const tcp = { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 1 };
  const aggregator = createAggregator({
    registry,
    tcp,
    naming: 'telegen',
    windowMs: 300_000,
    isInternal: () => true,
  });
  const capture = openLiveCapture({
    cgroupPath: ground.cgroup,
    ringBufferSize: 1 << 26,
    flows: { sampleRate: 1, everyMs: EVERY_MS, onFlow: aggregator.onFlow },
    onEvent: aggregator.onEvent,
    onWarning: say,
  });
  try {
    const holders = startHolders(ground, [CONNECTIONS]);
    await step(holders);
    say(`${CONNECTIONS} connections are open`);
    await untilRound(capture);
    const samples: number[] = [];
    for (let round = 0; round <= count; round++) samples.push(await timeRound(capture, holders));
    // The first one meets the sockets.
    say(`meeting them: ${samples[0]?.toFixed(0)} ms`);
    return samples.slice(1);
  } finally {
    await capture.stop();
  }
}

async function timeRound(capture: LiveCapture, holders: readonly Program[]): Promise<number> {
  await untilRound(capture);
  await step(holders);
  const before = capture.flows()?.flows ?? 0;
  const began = process.threadCpuUsage();
  await untilRound(capture);
  const { user, system } = process.threadCpuUsage(began);
  const told = (capture.flows()?.flows ?? 0) - before;
  if (told !== FLOWS) throw new Error(`${told} of ${FLOWS} flows were told`);
  return (user + system) / 1000;
}

async function growthOf(ground: Sandbox, say: (text: string) => void): Promise<number> {
  const cgroup = ground.subgroup('memory');
  const telegen = await startTelegen({ cgroup, collects: true });
  const holders = startHolders(ground, [FEW, CONNECTIONS - FEW], {
    place: { cgroup },
    acceptIn: ground.cgroup,
  });
  const sizes: number[] = [];
  for (let i = 0; i < 2; i++) {
    await step(holders);
    await pause(SETTLE_MS);
    await telegen.collect();
    sizes.push(telegen.memory('RssAnon') / MEGA);
  }
  await telegen.stop();
  for (const holder of holders) await holder.kill();
  const [few = 0, many = 0] = sizes;
  say(`${few.toFixed(0)} MB with ${FEW} connections, ${many.toFixed(0)} MB with ${CONNECTIONS}`);
  return ((many - few) / (CONNECTIONS - FEW)) * UNIT;
}
