import { writeFileSync } from 'node:fs';
import { sendFrames } from '../../test/support/packet-watch.ts';
import { ETHER, ethernet, ipv4, PROTO, udp } from '../../test/support/packets.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { type Pair, ratios, summarise, takePairs } from '../statistics.ts';
import { bulkRate, startBulkServer } from '../support/bulk.ts';
import { onOwnGround } from '../support/ground.ts';
import { SERVER } from '../support/steady-load.ts';
import { OFF, switchesToConfig } from '../support/switches.ts';
import { attachedOrNot, type RunningTelegen } from '../support/telegen.ts';

/** Of the issue: what the agent may use at so many packets a second. */
const RATE = 500_000;
const FRAME_BYTES = 64;
const FLOWS = 64;

interface Leg {
  readonly gigabits: number;
  readonly packetsPerSecond: number;
  /** Of telegen, while the packets came, in per cent of a processor; 0 when not attached. */
  readonly cpuPercent: number;
  /** What that is at RATE; the part that does not depend on packets is not scaled down. */
  readonly cpuPercentAtRate: number;
}

export const packetPath: Benchmark = {
  name: 'packet-path',
  title: 'Packets on a veth pair',
  work:
    'iperf3 sends over a veth pair to a server whose end is watched, and then a packet generator sends 64-byte UDP packets of 64 flows as ' +
    'fast as it can. Load, receiver and telegen share all processors. telegen counts and samples (1 in 1,000) with everything else off; ' +
    'on a veth it does so at TC.',
  compares:
    'throughput with telegen attached / not attached, legs in alternating order; processor time of telegen while packets come.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const [count, seconds, packets] = quick ? [1, 1, 512_000] : [3, 2, 2_048_000];
  return onOwnGround(async (ground) => {
    await startBulkServer(ground);
    const configFile = `${ground.folder}/packets.yaml`;
    writeFileSync(configFile, switchesToConfig({ ...OFF, xdp: true }));
    const options = { cgroup: ground.cgroup, namespace: ground.namespaces.inside, configFile };
    const pairs = await takePairs(count, async (attached) => {
      const leg = await attachedOrNot(attached, options, (telegen) =>
        measure(ground, { seconds, packets }, telegen),
      );
      say(
        `${attached ? 'attached' : 'not attached'}: ${leg.gigabits.toFixed(2)} Gbit/s, ${Math.round(leg.packetsPerSecond)} packets/s`,
      );
      return leg;
    });
    return outcomeOf(pairs);
  });
}

interface Amount {
  readonly seconds: number;
  readonly packets: number;
}

async function measure(
  ground: Sandbox,
  { seconds, packets }: Amount,
  telegen: RunningTelegen | undefined,
): Promise<Leg> {
  await bulkRate(ground, 1);
  const gigabits = (await bulkRate(ground, seconds)) / 1e9;
  const load = Array.from({ length: FLOWS }, (_, n) => [datagram(n), packets / FLOWS] as const);
  const before = telegen?.threadSeconds() ?? 0;
  const began = performance.now();
  await sendFrames(ground, load);
  const elapsed = (performance.now() - began) / 1000;
  const cpuPercent = (100 * ((telegen?.threadSeconds() ?? 0) - before)) / elapsed;
  const packetsPerSecond = packets / elapsed;
  return {
    gigabits,
    packetsPerSecond,
    cpuPercent,
    cpuPercentAtRate: cpuPercent * Math.max(1, RATE / packetsPerSecond),
  };
}

function datagram(flow: number): ReturnType<typeof ethernet> {
  const payload = new Uint8Array(FRAME_BYTES - 42);
  const head = { src: `198.51.100.${1 + flow}`, dst: SERVER, protocol: PROTO.udp };
  return ethernet(ETHER.ipv4, ipv4(head, udp({ srcPort: 40_000 + flow, dstPort: 9 }, payload)));
}

function outcomeOf(pairs: readonly Pair<Leg>[]): Outcome {
  const bulk = ratios(pairs, ({ gigabits }) => gigabits);
  const generated = ratios(pairs, ({ packetsPerSecond }) => packetsPerSecond);
  const of = (side: 'attached' | 'detached', figure: keyof Leg): number[] =>
    pairs.map((pair) => pair[side][figure]);
  const atRate = of('attached', 'cpuPercentAtRate');
  const rows: Row[] = [
    {
      label: 'iperf3, attached / not attached',
      unit: '',
      ...summarise(bulk),
      target: { sense: '>=', value: 0.95 },
    },
    { label: 'iperf3, not attached', unit: 'Gbit/s', ...summarise(of('detached', 'gigabits')) },
    { label: 'packet generator, attached / not attached', unit: '', ...summarise(generated) },
    {
      label: 'packet generator, attached',
      unit: 'packets/s',
      ...summarise(of('attached', 'packetsPerSecond')),
    },
    {
      label: 'processor time of telegen, at 500,000 packets/s',
      unit: '% of a processor',
      ...summarise(atRate),
      target: { sense: '<=', value: 5 },
    },
  ];
  return {
    rows,
    raw: {
      'iperf3, ratio': bulk,
      'packet generator, ratio': generated,
      'attached, packets/s': of('attached', 'packetsPerSecond'),
      'telegen, % of a processor': of('attached', 'cpuPercent'),
      'telegen, % at 500,000 packets/s': atRate,
    },
  };
}
