import type { PacketSettings } from '../../src/capture/live/packets/settings.ts';
import {
  loadPrivately,
  type PacketProgram,
  type PrivatePrograms,
} from '../../test/support/packet-programs.ts';
import {
  type Bytes,
  ETHER,
  ethernet,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  udp,
  vlan,
} from '../../test/support/packets.ts';
import type { Program } from '../../test/support/programs.ts';
import type { BenchContext, Benchmark, Outcome, Row, Target } from '../model.ts';
import { summarise } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { since, snapshot, startProgramStats } from '../support/program-stats.ts';

interface Case {
  readonly label: string;
  readonly program: PacketProgram;
  readonly settings?: Partial<PacketSettings>;
  readonly frame: Bytes;
  /** Before it is measured. */
  readonly prepare?: (programs: PrivatePrograms) => void;
  readonly target?: Target;
}

const HOST = '192.0.2.2';
const SAMPLED = { sampleRate: 1000 };
const segment = ethernet(
  ETHER.ipv4,
  ipv4({ dst: HOST, protocol: PROTO.tcp }, tcp({ dstPort: 443 }, new Uint8Array(64))),
);
const datagram6 = ethernet(
  ETHER.vlan,
  vlan(7, ETHER.ipv6, ipv6({ protocol: PROTO.udp }, udp({ dstPort: 443 }, new Uint8Array(64)))),
);
const syn = (src: string): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ src, dst: HOST, protocol: PROTO.tcp }, tcp({ dstPort: 80, flags: 'S' })));

/** More addresses than the slots and the table of sources hold. */
function fillSources({ run }: PrivatePrograms): void {
  for (let i = 0; i < 25_000; i++) run('tg_xdp', syn(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
}

const CASES: readonly Case[] = [
  {
    label: 'XDP, TCP over IPv4, counted and sampled',
    program: 'tg_xdp',
    settings: SAMPLED,
    frame: segment,
    target: { sense: '<=', value: 150 },
  },
  {
    label: 'XDP, filtered out',
    program: 'tg_xdp',
    settings: { ...SAMPLED, ports: [22] },
    frame: segment,
    target: { sense: '<=', value: 90 },
  },
  { label: 'XDP, UDP over IPv6 in a VLAN', program: 'tg_xdp', settings: SAMPLED, frame: datagram6 },
  {
    label: 'XDP, SYN of an address that finds no room',
    program: 'tg_xdp',
    settings: SAMPLED,
    frame: syn('203.0.113.1'),
    prepare: fillSources,
  },
  {
    label: 'XDP, SYN to an address of this host',
    program: 'tg_xdp',
    settings: SAMPLED,
    frame: syn('203.0.113.1'),
    prepare: ({ own }) => own(HOST),
  },
  { label: 'TC ingress, TCP over IPv4', program: 'tg_tc_ingress', settings: SAMPLED, frame: segment },
  { label: 'TC egress, TCP over IPv4', program: 'tg_tc_egress', settings: SAMPLED, frame: segment },
];

export const packets: Benchmark = {
  name: 'packets',
  title: 'Counting packets on interfaces',
  work:
    'The packet programs run on one frame again and again (bpf_prog_test_run, one CPU, warm caches, no interface), with the ' +
    'default sample_rate. The kernel times each run (BPF_ENABLE_STATS, on only meanwhile). Gross: the timing itself costs ' +
    'about 55 ns of each figure.',
  compares: 'programs, and what a packet meets; in turns.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const [rounds, repeat] = quick ? [3, 100_000] : [5, 500_000];
  return onOwnGround(async (ground) => {
    const stats = await startProgramStats(ground);
    const raw = Object.fromEntries(CASES.map(({ label }) => [label, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`);
      for (const each of CASES) raw[each.label]?.push(await measure(each, stats, repeat));
    }
    return { rows: CASES.map((each) => rowOf(each, raw[each.label] ?? [])), raw };
  });
}

function rowOf({ label, target }: Case, samples: readonly number[]): Row {
  return { label, unit: 'ns', ...summarise(samples), ...(target === undefined ? {} : { target }) };
}

async function measure(
  { program, settings, frame, prepare }: Case,
  stats: Program,
  repeat: number,
): Promise<number> {
  const programs = loadPrivately(settings);
  try {
    prepare?.(programs);
    programs.run(program, frame, 1000);
    const before = await snapshot(stats, process.pid);
    programs.run(program, frame, repeat);
    const after = (await snapshot(stats, process.pid)).get(program);
    if (after === undefined) throw new Error(`no statistics of ${program}`);
    const { runs, ns } = since(before.get(program), after);
    if (runs !== repeat) throw new Error(`${runs} runs instead of ${repeat}`);
    return ns / runs;
  } finally {
    programs.close();
  }
}
