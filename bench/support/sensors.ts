import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../test/support/sandbox.ts';
import { counterSum, METRICS } from './metrics.ts';
import { startTelegen } from './telegen.ts';

/** Something that watches the loopback of the inner namespace. */
export interface Watcher {
  /** Processor time of all its processes so far. */
  readonly cpuSeconds: () => number;
  /** HTTP requests that it has told of so far; undefined for one that tells of none. */
  readonly requests: () => Promise<number | undefined>;
  /** Ends it; the share of packets that reached it, where it says so. */
  readonly stop: () => Promise<number | undefined>;
}

/** Packet sockets need a moment to open, and what was captured to be written. */
const MOMENT_MS = 700;

async function telegen({ cgroup }: Sandbox): Promise<Watcher> {
  const running = await startTelegen({ cgroup });
  return {
    cpuSeconds: () => running.cpuSeconds(),
    requests: async () => counterSum(await (await fetch(METRICS)).text(), 'http_server_requests_total'),
    stop: async () => {
      await running.stop();
      return undefined;
    },
  };
}

let started = 0;

/** A tool in a cgroup of its own, which knows what all its processes used. */
async function tool(ground: Sandbox, argv: readonly string[], requests?: () => number): Promise<Watcher> {
  const cgroup = ground.subgroup(`sensor-${started++}`);
  const program = ground.start(argv, { cgroup });
  await pause(MOMENT_MS);
  return {
    cpuSeconds: () => Number(/usage_usec (\d+)/.exec(readFileSync(`${cgroup}/cpu.stat`, 'utf8'))?.[1]) / 1e6,
    requests: async () => {
      if (requests === undefined) return undefined;
      await pause(MOMENT_MS);
      return requests();
    },
    stop: async () => {
      process.kill(program.pid, 'SIGINT');
      const { errors } = await program.ended();
      return shareTaken(errors);
    },
  };
}

/** pcap programs count what they took and what was dropped on the way to them. */
function shareTaken(said: string): number | undefined {
  const taken = /(\d+) packets captured/.exec(said)?.[1];
  const dropped = /(\d+) packets dropped/.exec(said)?.[1];
  if (taken === undefined) return undefined;
  return Number(taken) / (Number(taken) + Number(dropped ?? 0));
}

export interface Sensor {
  readonly label: string;
  readonly start: (ground: Sandbox) => Promise<Watcher>;
}

/** What is measured side by side; tshark writes a line for each request. */
export const SENSORS: readonly Sensor[] = [
  { label: 'telegen', start: telegen },
  {
    label: 'tcpdump to a file',
    start: (ground) =>
      tool(ground, ['tcpdump', '-i', 'lo', '-n', '-Z', 'root', '-w', `${ground.folder}/dump.pcap`]),
  },
  {
    label: 'tshark, a line for each HTTP request',
    start: (ground) => {
      const lines = `${ground.folder}/tshark-${started}.txt`;
      const command = `exec tshark -q -l -i lo -d tcp.port==8080,http -Y http.request -T fields -e http.request.uri >"${lines}"`;
      return tool(ground, ['sh', '-c', command], () => readFileSync(lines, 'utf8').split('\n').length - 1);
    },
  },
  {
    label: 'softflowd, flows to a collector',
    start: (ground) =>
      tool(ground, [
        'softflowd',
        '-d',
        '-i',
        'lo',
        '-n',
        '127.0.0.1:9995',
        '-p',
        `${ground.folder}/flow.pid`,
        '-c',
        `${ground.folder}/flow.ctl`,
      ]),
  },
];
