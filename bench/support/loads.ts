import { mkdirSync, writeFileSync } from 'node:fs';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { Target } from '../model.ts';
import { bulkCommand, readBulk, startBulkServer } from './bulk.ts';
import { answers, HTTP_PORT, HTTP2_PORT, SERVER, startServers } from './steady-load.ts';
import { readWrk } from './web.ts';

const GRPC_PORT = 8082;
const REDIS_PORT = 6379;
const OUTSIDE = { cgroup: 'none', namespace: 'outside' } as const;
const GRPC_PATH = 'helloworld.Greeter/SayHello';

/** What a load's own program says of it. */
export interface Said {
  /** Requests, queries or bits a second. */
  readonly perSecond: number;
  /** Median and 99th percentile, where it tells them. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Things done in all, for the cost of one. */
  readonly count: number;
}

/** One server, and the program that loads it as fast as it goes. */
export interface Workload {
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
  const [perSecond = Number.NaN, , , p50Ms = Number.NaN, , p99Ms = Number.NaN] = cells;
  return { perSecond, p50Ms, p99Ms, count: REDIS_REQUESTS };
}

function wrk(text: string): Said {
  const { requests, ...said } = readWrk(text);
  return { ...said, count: requests };
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

const http1 = (...more: readonly string[]) => ({
  unit: 'requests/s',
  per: 'request',
  argv: (seconds: number) => [
    ...`wrk --latency -t1 -c32 -d${seconds}s`.split(' '),
    ...more,
    `http://${SERVER}:${HTTP_PORT}/`,
  ],
  read: wrk,
  counter: 'http_server_requests_total',
});

/** HTTP/1, over connections that stay open and with one for each request. */
export const HTTP1_WORKLOADS: readonly Workload[] = [
  { label: 'HTTP/1, kept connections (wrk, nginx)', ...http1() },
  { label: 'HTTP/1, short connections (wrk, nginx)', ...http1('-H', 'Connection: close') },
];

export const WORKLOADS: readonly Workload[] = [
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

/** Starts every server in the observed cgroup; the ground's end is theirs. */
export async function startAllServers(ground: Sandbox): Promise<void> {
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
  await answers(ground, ['nghttp', '-n', `http://${SERVER}:${GRPC_PORT}/${GRPC_PATH}`]);
  await answers(ground, ['redis-cli', '-h', SERVER, '-p', `${REDIS_PORT}`, 'set', 'key', 'value']);
  await startBulkServer(ground);
}

/** Loads for so many seconds. Throws when not all was answered. */
export async function load(ground: Sandbox, { label, argv, read }: Workload, seconds: number): Promise<Said> {
  const text = await ground.start(argv(seconds, ground), OUTSIDE).end();
  const said = read(text);
  if (!(said.perSecond > 0 && said.count > 0)) throw new Error(`${label}: ${text}`);
  return said;
}
