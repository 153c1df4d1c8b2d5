import { mkdirSync, writeFileSync } from 'node:fs';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row, Target } from '../model.ts';
import { type Pair, ratios, summarise, takePairs } from '../statistics.ts';
import { bulkCommand, readBulk, startBulkServer } from '../support/bulk.ts';
import { onOwnGround } from '../support/ground.ts';
import { settledSum } from '../support/metrics.ts';
import { answers, HTTP2_PORT, SERVER, startServers } from '../support/steady-load.ts';
import { EVERYTHING_ON, switchesToConfig } from '../support/switches.ts';
import { attachedOrNot, type RunningTelegen } from '../support/telegen.ts';

const GRPC_PORT = 8082;
const REDIS_PORT = 6379;
const OUTSIDE = { cgroup: 'none', namespace: 'outside' } as const;
const GRPC_PATH = 'helloworld.Greeter/SayHello';

/** What a load's own program says of it. */
interface Said {
  /** Requests, queries or bits a second. */
  readonly perSecond: number;
  /** 99th percentile, where it tells one. */
  readonly p99Ms?: number;
  /** Things done in all, for the cost of one. */
  readonly count: number;
}

interface Workload {
  readonly label: string;
  readonly unit: string;
  /** Of `unit` in what is said a second. */
  readonly scale?: number;
  /** What a processor time is told for. */
  readonly per: string;
  readonly argv: (seconds: number, ground: Sandbox) => readonly string[];
  readonly read: (text: string) => Said;
  /** The counter of telegen that counts the same. */
  readonly counter?: string;
  readonly target?: Target;
}

const figure = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1]);

const h2load = (text: string): Said => ({
  perSecond: figure(text, /finished in .*?, ([\d.]+) req\/s/),
  count: figure(text, /(\d+) succeeded/),
});

/** "name","rps","avg","min","p50","p95","p99","max" of each test, in milliseconds. */
function redis(text: string): Said {
  const line = /^"GET",(.*)$/m.exec(text)?.[1] ?? '';
  const cells = line.split(',').map((cell) => Number(cell.replaceAll('"', '')));
  return { perSecond: cells[0] ?? Number.NaN, p99Ms: cells[5] ?? Number.NaN, count: REDIS_REQUESTS };
}

function iperf3(text: string): Said {
  const { bitsPerSecond, bytes } = readBulk(text);
  return { perSecond: bitsPerSecond, count: bytes / 1e9 };
}

/** About two seconds of them. */
const REDIS_REQUESTS = 150_000;
const bulk = (...more: readonly string[]) => ({
  unit: 'Gbit/s',
  scale: 1e9,
  per: 'GB',
  argv: (seconds: number) => bulkCommand(seconds, ...more),
  read: iperf3,
  target: { sense: '>=', value: 0.96 } as const,
});

const WORKLOADS: readonly Workload[] = [
  {
    label: 'HTTP/2 (h2load, nghttpd)',
    unit: 'requests/s',
    per: 'request',
    argv: (seconds) => `h2load -c 16 -m 10 -D ${seconds} http://${SERVER}:${HTTP2_PORT}/hello.txt`.split(' '),
    read: h2load,
    counter: 'http_server_requests_total',
  },
  {
    label: 'gRPC (h2load, nghttpd with trailers)',
    unit: 'calls/s',
    per: 'call',
    argv: (seconds, { folder }) => [
      ...`h2load -c 16 -m 10 -D ${seconds} -d ${folder}/call.bin`.split(' '),
      '-H',
      'content-type: application/grpc',
      '-H',
      'te: trailers',
      `http://${SERVER}:${GRPC_PORT}/${GRPC_PATH}`,
    ],
    read: h2load,
    counter: 'rpc_server_requests_total',
  },
  {
    label: 'DNS (dnsperf, dnsmasq)',
    unit: 'queries/s',
    per: 'query',
    argv: (seconds, { folder }) =>
      `dnsperf -s ${SERVER} -d ${folder}/queries.txt -c 10 -l ${seconds}`.split(' '),
    read: (text) => ({
      perSecond: figure(text, /Queries per second: +([\d.]+)/),
      count: figure(text, /Queries completed: +(\d+)/),
    }),
    counter: 'telegen_dns_queries_total',
  },
  {
    label: 'Redis (redis-benchmark, GET, 50 connections)',
    unit: 'requests/s',
    per: 'request',
    argv: () =>
      `redis-benchmark -h ${SERVER} -p ${REDIS_PORT} -t get -n ${REDIS_REQUESTS} -c 50 --csv`.split(' '),
    read: redis,
    target: { sense: '>=', value: 0.97 },
  },
  { label: 'bulk, received (iperf3)', ...bulk() },
  { label: 'bulk, sent (iperf3 -R)', ...bulk('-R') },
];

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
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const [pairCount, seconds] = quick ? [1, 1] : [3, 2];
  return onOwnGround(async (ground) => {
    await prepare(ground);
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

async function prepare(ground: Sandbox): Promise<void> {
  const { folder } = ground;
  await startServers(ground);
  mkdirSync(`${folder}/helloworld.Greeter`);
  // A message behind its prefix: not compressed, six bytes.
  const message = Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, ...Buffer.from('name')]);
  writeFileSync(`${folder}/call.bin`, message);
  writeFileSync(`${folder}/${GRPC_PATH}`, message);
  ground.start([
    'nghttpd',
    '--trailer=grpc-status: 0',
    ...`--no-tls --mime-types-file=/dev/null -a ${SERVER} -d ${folder} ${GRPC_PORT}`.split(' '),
  ]);
  const redisOptions = `--bind ${SERVER} --port ${REDIS_PORT} --appendonly no --protected-mode no --dir ${folder}`;
  ground.start(['redis-server', ...redisOptions.split(' '), '--save', '']);
  writeFileSync(`${folder}/workloads.yaml`, switchesToConfig(EVERYTHING_ON));
  await answers(ground, ['nghttp', '-n', `http://${SERVER}:${GRPC_PORT}/${GRPC_PATH}`]);
  await answers(ground, ['redis-cli', '-h', SERVER, '-p', `${REDIS_PORT}`, 'set', 'key', 'value']);
  await startBulkServer(ground);
}

const optionsOf = ({ cgroup, folder, namespaces }: Sandbox) => ({
  cgroup,
  configFile: `${folder}/workloads.yaml`,
  namespace: namespaces.inside,
});

/** Loaded for a second first: telegen runs for months, its code must be compiled before it is judged. */
async function measure(
  ground: Sandbox,
  { label, argv, read, counter }: Workload,
  seconds: number,
  telegen: RunningTelegen | undefined,
): Promise<Leg> {
  await ground.start(argv(1, ground), OUTSIDE).end();
  const counted = (): Promise<number> | undefined =>
    telegen === undefined || counter === undefined ? undefined : settledSum(ground, counter);
  const before = { cpu: telegen?.cpuSeconds() ?? 0, told: await counted() };
  const text = await ground.start(argv(seconds, ground), OUTSIDE).end();
  const said = read(text);
  if (!(said.perSecond > 0 && said.count > 0)) throw new Error(`${label}: ${text}`);
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
