import { describe, expect, test } from 'vitest';
import { connection, createWorld, dns, grpc, http, type Talk } from '../support/aggregate.ts';

const served: Talk = { client: '10.0.0.9 5000', server: '10.0.0.1 8080', by: 'server', comm: 'api' };
const asked: Talk = { client: '10.0.0.1 5000', server: '10.0.0.7 80', comm: 'frontend' };

describe('HTTP', () => {
  test('a server counts what it answers, by service, method and status', () => {
    const world = createWorld();
    world.see(http(served));
    world.see(http(served));
    world.see(http(served, { statusCode: 503, method: 'POST' }));
    expect(world.values('http_server_requests')).toEqual({
      'service_name="api",method="GET",status_code="200"': 2,
      'service_name="api",method="POST",status_code="503"': 1,
    });
    const duration = world.histogram(
      'http_server_duration',
      'service_name="api",method="GET",status_code="200"',
    );
    expect(duration).toMatchObject({ count: 2, sum: 0.04 });
    expect(world.values('http_client_requests')).toEqual({});
  });

  test('a client also names whom it asked', () => {
    const world = createWorld();
    world.see(http(asked));
    expect(world.values('http_client_requests')).toEqual({
      'service_name="frontend",method="GET",status_code="200",peer_service="10.0.0.7"': 1,
    });
  });

  test('both ends on this host: each has its own metric', () => {
    const world = createWorld();
    const talk = { client: '127.0.0.1 5000', server: '127.0.0.1 8080' };
    world.see(http({ ...talk, by: 'client', comm: 'frontend' }));
    world.see(http({ ...talk, by: 'server', comm: 'api' }));
    expect(Object.values(world.values('http_server_requests'))).toEqual([1]);
    expect(Object.values(world.values('http_client_requests'))).toEqual([1]);
  });

  test('no answer: no status, no duration when there is none', () => {
    const world = createWorld();
    const { http: facts, ...event } = http(served, { outcome: 'unanswered' });
    const { statusCode: _status, durationMs: _duration, ...unanswered } = facts;
    world.see({ ...event, http: unanswered });
    expect(world.values('http_server_requests')).toEqual({ 'service_name="api",method="GET"': 1 });
    expect(world.histogram('http_server_duration', 'service_name="api",method="GET"')).toBeUndefined();
  });

  test('routes, where they are known', () => {
    const world = createWorld({
      routeOf: ({ http: { target } }) => (target === '/users/7' ? '/users/{id}' : undefined),
    });
    world.see(http(served));
    world.see(http(served, { target: '/other' }));
    expect(world.values('http_server_requests')).toEqual({
      'service_name="api",method="GET",http_route="/users/{id}",status_code="200"': 1,
      'service_name="api",method="GET",status_code="200"': 1,
    });
  });

  test('made-up methods are one', () => {
    const world = createWorld();
    for (const method of ['XA', 'XB', 'get']) world.see(http(served, { method }));
    expect(world.values('http_server_requests')).toEqual({
      'service_name="api",method="_OTHER",status_code="200"': 3,
    });
  });

  test.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '0af7651916cd43dd8448eb211c80319c'],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01', undefined],
    ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', undefined],
    ['nonsense', undefined],
  ])('traceparent %s gives the trace %s', (value, traceId) => {
    const world = createWorld();
    world.see(http(served, { requestHeaders: [['Traceparent', value]] }));
    const duration = world.histogram(
      'http_server_duration',
      'service_name="api",method="GET",status_code="200"',
    );
    expect(duration?.exemplars.find((exemplar) => exemplar !== undefined)?.traceId).toBe(traceId);
  });
});

test('gRPC has its own twins', () => {
  const world = createWorld();
  world.see(grpc(served));
  world.see(grpc(asked, { statusCode: 14 }));
  expect(world.values('rpc_server_requests')).toEqual({
    'service_name="api",rpc_system="grpc",rpc_service="shop.Orders",rpc_method="Place",rpc_grpc_status_code="0"': 1,
  });
  expect(world.values('rpc_client_requests')).toEqual({
    'service_name="frontend",rpc_system="grpc",rpc_service="shop.Orders",rpc_method="Place",rpc_grpc_status_code="14",peer_service="10.0.0.7"': 1,
  });
});

describe('semantic_conventions', () => {
  const see = (naming: 'telegen' | 'otel' | 'both') => {
    const world = createWorld({ naming });
    world.see(http(served, { statusCode: 500 }));
    world.see(grpc(asked, { statusCode: 5 }));
    world.see(dns({ client: '10.0.0.1 4000', server: '10.0.0.2 53' }, { responseCode: 'NXDOMAIN' }));
    return world;
  };
  const telegen = [
    'http_server_requests',
    'http_server_duration',
    'rpc_client_duration',
    'telegen_dns_queries',
  ];
  const otel = [
    'http_server_request_duration_seconds',
    'http_client_request_duration_seconds',
    'rpc_server_call_duration_seconds',
    'rpc_client_call_duration_seconds',
    'dns_lookup_duration_seconds',
  ];

  test.each([
    ['telegen', telegen, otel],
    ['otel', otel, telegen],
    ['both', [...telegen, ...otel], []],
  ] as const)('%s', (naming, there, notThere) => {
    const names = see(naming).names();
    expect(names).toEqual(expect.arrayContaining([...there]));
    for (const name of notThere) expect(names).not.toContain(name);
  });

  test("OpenTelemetry's labels", () => {
    const world = see('otel');
    const served_ =
      'service_name="api",http_request_method="GET",http_response_status_code="500",error_type="500"';
    expect(world.histogram('http_server_request_duration_seconds', served_)?.count).toBe(1);
    const called =
      'service_name="frontend",rpc_system_name="grpc",rpc_method="shop.Orders/Place",rpc_response_status_code="NOT_FOUND",error_type="NOT_FOUND",service_peer_name="10.0.0.7"';
    expect(world.histogram('rpc_client_call_duration_seconds', called)?.count).toBe(1);
    const looked = 'dns_question_name="api.example.com",error_type="NXDOMAIN"';
    expect(world.histogram('dns_lookup_duration_seconds', looked)?.sum).toBe(0.0025);
  });
});

describe('DNS', () => {
  const query: Talk = { client: '10.0.0.1 4000', server: '10.0.0.2 53', comm: 'app' };

  test('a question of which the answer is not known counts without a code, as no failure and without latency', () => {
    const world = createWorld({ naming: 'both' });
    const { dns: answered, ...event } = dns(query, { outcome: 'asked' });
    const { responseCode: _code, latencyMs: _latency, ...asked } = answered;
    world.see({ ...event, dns: asked });
    expect(world.values('telegen_dns_queries')).toEqual({ 'domain="api.example.com"': 1 });
    expect(world.histogram('telegen_dns_latency')?.count ?? 0).toBe(0);
    expect(world.values('dns_lookup_duration_seconds')).toEqual({});
  });

  test('queries by domain and code; a timeout is a code of its own', () => {
    const world = createWorld();
    world.see(dns(query));
    const { dns: answered, ...event } = dns(query, { outcome: 'timeout' });
    const { responseCode: _code, latencyMs: _latency, ...timeout } = answered;
    world.see({ ...event, dns: timeout });
    world.see(dns(query, { outcome: 'unasked' }));
    expect(world.values('telegen_dns_queries')).toEqual({
      'domain="api.example.com",response_code="NOERROR"': 1,
      'domain="api.example.com",response_code="TIMEOUT"': 1,
    });
    expect(world.histogram('telegen_dns_latency')).toMatchObject({ count: 1, sum: 0.0025 });
  });

  test('a query between two processes of this host is counted once; one from outside as well', () => {
    const world = createWorld();
    const stub = { client: '127.0.0.1 4000', server: '127.0.0.53 53' };
    world.see(dns({ ...stub, by: 'client', comm: 'app' }));
    world.see(dns({ ...stub, by: 'server', comm: 'resolver' }));
    world.see(dns({ client: '10.0.0.9 4000', server: '10.0.0.1 53', by: 'server', comm: 'resolver' }));
    expect(world.values('telegen_dns_queries')).toEqual({
      'domain="api.example.com",response_code="NOERROR"': 2,
    });
  });
});

test('50,000 domains stay within the cap, and every one that found no room is counted', () => {
  const world = createWorld();
  for (let i = 0; i < 50_000; i++)
    world.see(dns({ client: '10.0.0.1 4000', server: '10.0.0.2 53' }, { questionName: `${i}.example.com` }));
  const queries = world.values('telegen_dns_queries');
  expect(Object.keys(queries)).toHaveLength(1_001);
  expect(queries['domain="~other",response_code="NOERROR"']).toBe(49_000);
  expect(world.values('telegen_metric_folds')['metric="telegen_dns_queries",label="domain"']).toBe(49_000);
});

test('an event that nothing is counted of changes nothing', () => {
  const world = createWorld();
  world.see({ kind: 'loss', timeMs: 0, what: 'attempted', reason: 'ring_full', count: 1 });
  world.see(connection(asked, { phase: 'attempted', transport: 'udp' }));
  expect(world.values('http_client_requests')).toEqual({});
});
