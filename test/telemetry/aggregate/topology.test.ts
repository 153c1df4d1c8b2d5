import { describe, expect, test } from 'vitest';
import type { TelegenEvent } from '../../../src/model/event.ts';
import type { Topology } from '../../../src/telemetry/aggregate/topology/topology.ts';
import { formatTopology } from '../../../src/telemetry/export/topology-text.ts';
import {
  connection,
  createWorld,
  dns,
  grpc,
  http,
  START_MS,
  stats,
  type Talk,
  tls,
} from '../support/aggregate.ts';

const END_MS = START_MS + 10_000;

function topologyOf(events: Iterable<TelegenEvent>, windowMs = 300_000): Topology {
  const { see, aggregator } = createWorld({ windowMs });
  for (const event of events) see(event);
  return aggregator.topology(END_MS);
}

const lines = ({ edges }: Topology): string[] =>
  edges.map(({ source, target, attributes }) => `${source} -> ${target} ${attributes.protocol}`);

/** Both ends of a conversation open it. */
function* opened(client: Talk, server?: Talk) {
  yield connection(client, { phase: 'attempted' });
  yield connection(client, { phase: 'established' });
  if (server !== undefined) yield connection(server, { phase: 'accepted' });
}

const fe = { client: '10.0.0.1 5000', server: '10.0.0.2 8080', comm: 'frontend' };
const api = { ...fe, by: 'server', comm: 'api', socketId: 2 } as const;

describe('one edge per conversation', () => {
  test('when both ends are on this host', () => {
    const found = topologyOf([
      ...opened(fe, api),
      http(fe),
      http(api),
      http(fe, { statusCode: 500 }),
      http({ ...api }),
    ]);
    expect(lines(found)).toEqual(['frontend -> api http']);
    expect(found.edges[0]?.attributes).toMatchObject({
      requests_per_second: 0.2,
      error_rate: 0.5,
      avg_latency_ms: 20,
    });
  });

  test.each([
    ['the client', [...opened(fe), http(fe)], 'frontend -> 10.0.0.2 http'],
    ['the server', [connection(api, { phase: 'accepted' }), http(api)], '10.0.0.1 -> api http'],
  ])('when only %s is', (_, events, line) => {
    expect(lines(topologyOf(events))).toEqual([line]);
  });

  test('by what a hello told, over TCP and in QUIC', () => {
    const udp = { ...fe, transport: 'udp', server: '10.0.0.3 8443', socketId: 3 } as const;
    const found = topologyOf([...opened(fe, api), tls(fe), ...opened(udp), tls(udp, { quicVersion: '1' })]);
    expect(lines(found)).toEqual(['frontend -> 10.0.0.3 quic', 'frontend -> api tls']);
  });

  test('also before anything was decoded, and after a tick in between', () => {
    const { see, aggregator } = createWorld();
    for (const event of opened(fe, api)) see(event);
    expect(lines(aggregator.topology(START_MS + 1_000))).toEqual(['frontend -> api tcp']);
    see(http({ ...fe, timeMs: START_MS + 2_000 }));
    expect(lines(aggregator.topology(END_MS))).toEqual(['frontend -> api http']);
  });

  test('when what was said becomes known only after the end, and nothing is counted twice', () => {
    const closed = { phase: 'closed', reason: 'closed', stats: stats() } as const;
    const [one] = topologyOf([
      ...opened(fe, api),
      connection(fe, closed),
      connection(api, closed),
      http(api),
      http(fe),
    ]).edges;
    expect(one).toMatchObject({ source: 'frontend', target: 'api' });
    expect(one?.attributes).toEqual({
      protocol: 'http',
      requests_per_second: 0.1,
      avg_latency_ms: 20,
      error_rate: 0,
      bytes: 1_100,
    });
  });

  test('a server found once is known to later clients', () => {
    const later = { ...fe, client: '10.0.0.1 5001', comm: 'worker', socketId: 9 };
    expect(lines(topologyOf([...opened(fe, api), http(fe), ...opened(later), http(later)]))).toEqual([
      'frontend -> api http',
      'worker -> api http',
    ]);
  });
});

describe('names', () => {
  test('a pod, else a process, else the name asked for, else the address; externals are one', () => {
    const asking = dns({ client: '10.0.0.1 999', server: '10.0.0.53 53', comm: 'app' });
    const to = (server: string, port: number): Talk => ({
      client: `10.0.0.1 ${port}`,
      server,
      pod: 'shop-1',
      socketId: port,
    });
    const found = topologyOf([
      asking,
      ...[...opened(to('203.0.113.7 443', 1))].map((event) => ({ ...event, peerNames: ['api.example.com'] })),
      ...opened(to('198.51.100.1 443', 2)),
      ...opened(to('198.51.100.2 443', 3)),
      ...opened(to('10.0.0.8 443', 4)),
    ]);
    expect(lines(found)).toEqual([
      'app -> 10.0.0.53:53 dns',
      'shop-1 -> 10.0.0.8 tcp',
      'shop-1 -> api.example.com tcp',
      'shop-1 -> external tcp',
    ]);
    const shop = {
      id: 'shop-1',
      type: 'service',
      attributes: { 'k8s.pod': 'shop-1', 'k8s.namespace': 'default' },
    };
    expect(found.nodes).toContainEqual(shop);
    expect(found.nodes.find(({ id }) => id === 'external')?.type).toBe('external');
  });

  test.each([
    [5432, 'database', 'postgresql'],
    [6379, 'cache', 'redis'],
    [9092, 'queue', 'kafka'],
  ])('what listens on %i is a %s', (port, type, protocol) => {
    const talk = { client: '10.0.0.1 1', server: `10.0.0.3 ${port}`, comm: 'api' };
    const far = topologyOf(opened(talk));
    expect(lines(far)).toEqual([`api -> 10.0.0.3:${port} ${protocol}`]);
    expect(far.nodes.find(({ id }) => id !== 'api')?.type).toBe(type);
    const near = topologyOf(opened(talk, { ...talk, by: 'server', comm: 'store', socketId: 2 }));
    expect(near.nodes.find(({ id }) => id === 'store')?.type).toBe(type);
  });
});

describe('figures', () => {
  test('where nothing is decoded, connections count as requests, and failures as errors', () => {
    const redis = { client: '10.0.0.1 1', server: '10.0.0.3 6379', comm: 'api' };
    const found = topologyOf([
      ...opened(redis),
      connection(redis, { phase: 'closed', reason: 'closed', stats: stats() }),
      connection(
        { ...redis, client: '10.0.0.1 2', socketId: 2 },
        { phase: 'failed', reason: 'refused', stats: stats() },
      ),
    ]);
    expect(found.edges[0]?.attributes).toEqual({
      protocol: 'redis',
      requests_per_second: 0.2,
      avg_latency_ms: 1.25,
      error_rate: 0.5,
      bytes: 1_100,
    });
  });

  test('a DNS query over UDP is one request, not one and its conversation', () => {
    const talk = { client: '10.0.0.1 999', server: '10.0.0.53 53', comm: 'app', transport: 'udp' } as const;
    const found = topologyOf([connection(talk, { phase: 'attempted' }), dns(talk)]);
    expect(found.edges[0]?.attributes.requests_per_second).toBe(0.1);
  });

  test('DNS: servers that fail and silence are errors; names that do not exist and questions alone are not', () => {
    const talk = { client: '10.0.0.1 999', server: '10.0.0.53 53', comm: 'app' };
    const { responseCode: _code, latencyMs: _latency, ...unanswered } = dns(talk).dns;
    const facts = [
      { ...unanswered, responseCode: 'NOERROR' },
      { ...unanswered, responseCode: 'NXDOMAIN' },
      { ...unanswered, outcome: 'asked' as const },
      { ...unanswered, responseCode: 'SERVFAIL' },
      { ...unanswered, outcome: 'timeout' as const },
    ];
    const [edge] = topologyOf(facts.map((each) => ({ ...dns(talk), dns: each }))).edges;
    expect(edge?.attributes).toMatchObject({ requests_per_second: 0.5, error_rate: 0.4 });
  });

  test('gRPC calls that the server could not answer are errors; wrong questions are not', () => {
    const found = topologyOf([
      ...opened(fe, api),
      ...[0, 5, 13, 14].map((statusCode) => grpc(fe, { statusCode })),
    ]);
    expect(found.edges[0]?.attributes).toMatchObject({ protocol: 'grpc', error_rate: 0.5 });
  });

  test('only the window counts, and edges without life in it go', () => {
    const { see, aggregator } = createWorld({ windowMs: 60_000 });
    for (const event of opened(fe, api)) see(event);
    see(http(fe));
    see(connection(fe, { phase: 'closed', reason: 'closed', stats: stats() }));
    see(connection(api, { phase: 'closed', reason: 'closed', stats: stats() }));
    expect(lines(aggregator.topology(START_MS + 50_000))).toHaveLength(1);
    expect(aggregator.topology(START_MS + 200_000)).toEqual({ nodes: [], edges: [] });
  });

  test('an infinite window takes the whole capture', () => {
    const first = http({ ...fe, timeMs: START_MS });
    const last = http({ ...fe, timeMs: START_MS + 2_000_000 });
    const found = topologyOf([first, last], Number.POSITIVE_INFINITY);
    expect(found.edges[0]?.attributes.requests_per_second).toBe(0.001);
  });
});

test('a shop: front end, API, gRPC services, stores, as it is, with its rates and errors', () => {
  const { see, aggregator } = createWorld();
  const hosts = {
    lb: '198.51.100.9',
    frontend: '10.0.0.1',
    api: '10.0.0.2',
    users: '10.0.0.3',
    orders: '10.0.0.4',
    redis: '10.0.0.5',
    postgres: '10.0.0.6',
  };
  type Name = keyof typeof hosts;
  let port = 1_000;
  /** Both ends tell it, unless the load balancer is one of them: that is not on this host. */
  function talk(from: Name, to: Name, at: number): readonly Talk[] {
    const ends = { client: `${hosts[from]} ${port++}`, server: `${hosts[to]} ${at}` };
    const server = { ...ends, by: 'server', comm: to, socketId: port * 2 } as const;
    const both = [{ ...ends, by: 'client', comm: from, socketId: port * 2 + 1 } as const, server];
    const talks = from === 'lb' ? [server] : both;
    for (const each of talks) {
      if (each.by === 'client') see(connection(each, { phase: 'established' }));
      else see(connection(each, { phase: 'accepted' }));
    }
    return talks;
  }
  const calls = (talks: readonly Talk[], made: (each: Talk) => TelegenEvent, count: number): void => {
    for (let n = 0; n < count; n++) for (const each of talks) see(made(each));
  };
  calls(talk('lb', 'frontend', 80), (each) => http(each), 50);
  const toApi = talk('frontend', 'api', 8080);
  calls(toApi, (each) => http(each), 38);
  calls(toApi, (each) => http(each, { statusCode: 502 }), 2);
  calls(talk('api', 'users', 9090), (each) => grpc(each), 30);
  const toOrders = talk('api', 'orders', 9091);
  calls(toOrders, (each) => grpc(each), 18);
  calls(toOrders, (each) => grpc(each, { statusCode: 14 }), 2);
  for (let n = 0; n < 5; n++) talk('api', 'redis', 6379);
  talk('users', 'postgres', 5432);
  talk('orders', 'postgres', 5432);

  const found = aggregator.topology(END_MS);
  const drawn = found.edges.map(
    ({ source, target, attributes: { protocol, requests_per_second: rate, error_rate: errors } }) => [
      `${source} -> ${target}`,
      protocol,
      rate,
      errors,
    ],
  );
  expect(drawn).toEqual([
    ['api -> orders', 'grpc', 2, 0.1],
    ['api -> redis', 'redis', 0.5, 0],
    ['api -> users', 'grpc', 3, 0],
    ['external -> frontend', 'http', 5, 0],
    ['frontend -> api', 'http', 4, 0.05],
    ['orders -> postgres', 'postgresql', 0.1, 0],
    ['users -> postgres', 'postgresql', 0.1, 0],
  ]);
  expect(found.nodes.map(({ id, type }) => `${id}: ${type}`)).toEqual([
    'api: process',
    'external: external',
    'frontend: process',
    'orders: process',
    'postgres: database',
    'redis: cache',
    'users: process',
  ]);
});

test('200,000 peers: the map stays within its bounds and says what it folded', () => {
  const { see, aggregator, values } = createWorld();
  for (let i = 0; i < 200_000; i++) {
    const client = `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255} 7`;
    see(connection({ ...api, client, socketId: i + 1 }, { phase: 'accepted' }));
    if (i % 1_000 === 0) aggregator.tick(START_MS);
  }
  const { nodes, edges } = aggregator.topology(END_MS);
  expect(edges.length).toBeLessThanOrEqual(5_001);
  expect(nodes.length).toBeLessThanOrEqual(5_003);
  expect(nodes.map(({ id }) => id)).toContain('~other');
  expect(values('telegen_topology_folds')['']).toBeGreaterThan(190_000);
  expect(Object.keys(values('tcp_connections')).length).toBeLessThanOrEqual(1_001);
});

test('the service graph has its usual names', () => {
  const { see, aggregator, values, histogram } = createWorld();
  for (const event of [...opened(fe, api), http(fe), http(api), http(fe, { statusCode: 502 })]) see(event);
  aggregator.tick(END_MS);
  const pair = 'client="frontend",server="api"';
  expect(values('traces_service_graph_request')).toEqual({ [pair]: 2 });
  expect(values('traces_service_graph_request_failed')).toEqual({ [pair]: 1 });
  expect(histogram('traces_service_graph_request_server_seconds', pair)?.count).toBe(1);
  expect(histogram('traces_service_graph_request_client_seconds', pair)?.count).toBe(2);
});

describe('as text', () => {
  const hostile: Topology = {
    nodes: [
      { id: 'a"]\n  click', type: 'process', attributes: { 'process.name': 'a' } },
      { id: 'pg', type: 'database', attributes: {} },
    ],
    edges: [
      {
        source: 'a"]\n  click',
        target: 'pg',
        attributes: {
          protocol: 'postgresql',
          requests_per_second: 1.5,
          avg_latency_ms: 2,
          error_rate: 0.25,
          bytes: 9,
        },
      },
    ],
  };

  test('YAML has the shape of the specification', () => {
    const { nodes, edges } = topologyOf([...opened(fe, api), grpc(fe)]);
    expect(formatTopology({ nodes: nodes.slice(0, 1), edges }, 'yaml')).toBe(`topology:
  nodes:
    - id: "api"
      type: "process"
      attributes:
        process.name: "api"
  edges:
    - source: "frontend"
      target: "api"
      attributes:
        protocol: "grpc"
        requests_per_second: 0.1
        avg_latency_ms: 20
        error_rate: 0
        bytes: 0
`);
  });

  test('JSON is the same', () => {
    expect(JSON.parse(formatTopology(hostile, 'json'))).toEqual({ topology: hostile });
  });

  test('Mermaid: nothing in a name ends its label', () => {
    expect(formatTopology(hostile, 'mermaid')).toBe(
      'flowchart LR\n    n0["a#34;#93;#10;  click"]\n    n1[("pg")]\n    n0 -->|postgresql| n1\n',
    );
  });

  test('DOT: neither', () => {
    expect(formatTopology(hostile, 'dot')).toBe(`digraph topology {
  rankdir=LR;
  "a\\"]?  click" [shape=box, tooltip="process"];
  "pg" [shape=cylinder, tooltip="database"];
  "a\\"]?  click" -> "pg" [label="postgresql 1.5/s, 2 ms, 25 % errors"];
}
`);
  });
});
