import { describe, expect, test } from 'vitest';
import type { Workload } from '../../../src/model/process.ts';
import { connection, createWorld, http, START_MS, stats, type Talk } from '../support/aggregate.ts';

const END_MS = START_MS + 10_000;

const pod = (name: string, deployment?: string, namespace = 'default'): Workload => ({
  podName: name,
  namespace,
  ...(deployment !== undefined && { owners: { deployment } }),
});

/** The client asks a service by its own address; the pod behind it sees the client, and itself. */
const asking: Talk = {
  client: '10.1.0.5 40000',
  server: '10.96.0.12 80',
  comm: 'gateway',
  workload: pod('api-gateway-x1', 'api-gateway'),
  service: 'user-service',
};
const asked: Talk = {
  client: '10.1.0.5 40000',
  server: '10.1.0.7 8080',
  by: 'server',
  comm: 'users',
  socketId: 2,
  workload: pod('user-service-y2', 'user-service'),
  peerWorkload: pod('api-gateway-x1', 'api-gateway'),
  service: 'user-service',
};

function seen(events: Iterable<Parameters<ReturnType<typeof createWorld>['see']>[0]>) {
  const world = createWorld();
  for (const event of events) world.see(event);
  return world;
}

const opening = (talk: Talk) => [
  connection(talk, { phase: 'attempted' }),
  connection(talk, { phase: 'established', handshakeRttUs: 1_000 }),
];
const accepting = (talk: Talk) => [connection(talk, { phase: 'accepted', handshakeRttUs: 1_000 })];
const ending = (talk: Talk, sent: number, received: number) =>
  connection(talk, {
    phase: 'closed',
    reason: 'closed',
    stats: stats({ bytesSent: sent, bytesReceived: received }),
  });

describe('a service asked by its own address, both ends on this host', () => {
  test('is one conversation: bytes count once, the edge is the one of the specification', () => {
    const world = seen([
      ...opening(asking),
      ...accepting(asked),
      http(asking),
      http(asked),
      ending(asking, 100, 1_000),
      ending(asked, 1_000, 100),
      // What the server told is decoded a moment later.
      http(asked),
    ]);
    const flow =
      'src_ip="10.1.0.5",dst_ip="10.96.0.12",dst_port="80",k8s_src_pod="api-gateway-x1",k8s_dst_service="user-service"';
    expect(world.values('tcp_bytes_sent')).toEqual({ [flow]: 100 });
    expect(world.values('tcp_bytes_received')).toEqual({ [flow]: 1_000 });
    expect(world.values('tcp_connections')).toEqual({ [flow]: 0 });
    expect(world.aggregator.topology(END_MS)).toMatchObject({
      nodes: [
        {
          id: 'api-gateway',
          type: 'service',
          attributes: { 'k8s.deployment': 'api-gateway', 'k8s.namespace': 'default' },
        },
        {
          id: 'user-service',
          type: 'service',
          attributes: { 'k8s.deployment': 'user-service', 'k8s.namespace': 'default' },
        },
      ],
      edges: [
        { source: 'api-gateway', target: 'user-service', attributes: { protocol: 'http', bytes: 1_100 } },
      ],
    });
    expect(world.values('telegen_tracked_conversations')).toEqual({ '': 0 });
  });

  test('another client port is another conversation, and so is another service', () => {
    const world = seen([
      ...opening(asking),
      ...accepting({ ...asked, client: '10.1.0.5 40001' }),
      ...accepting({ ...asked, service: 'other', server: '10.1.0.8 8080', socketId: 3 }),
    ]);
    expect(world.values('telegen_tracked_conversations')).toEqual({ '': 3 });
  });
});

describe('ends elsewhere', () => {
  test('a server: by the service, with the pod behind it when that was asked directly', () => {
    const remote = { ...asking, server: '10.2.0.7 8080', peerWorkload: pod('user-service-far') };
    for (const talk of [asking, remote]) {
      const world = seen([...opening(talk), ending(talk, 1, 1)]);
      const [flow = ''] = Object.keys(world.values('tcp_bytes_sent'));
      expect(flow).toContain('k8s_src_pod="api-gateway-x1",k8s_dst_service="user-service"');
      expect(world.aggregator.topology(END_MS).nodes).toContainEqual({
        id: 'user-service',
        type: 'service',
        attributes: { 'k8s.service': 'user-service', 'k8s.namespace': 'default' },
      });
    }
  });

  test('a client: by its pod', () => {
    const world = seen([...accepting(asked), ending(asked, 5, 6)]);
    const flow =
      'src_ip="10.1.0.5",dst_ip="10.1.0.7",dst_port="8080",k8s_src_pod="api-gateway-x1",k8s_dst_service="user-service"';
    expect(world.values('tcp_bytes_sent')).toEqual({ [flow]: 6 });
    const far = { ...asked, peerWorkload: pod('batch-7') };
    expect(seen(accepting(far)).aggregator.topology(END_MS).edges).toMatchObject([
      { source: 'batch-7', target: 'user-service' },
    ]);
  });

  test('a node: by its name, and by the port where that says more', () => {
    const talk = {
      ...asking,
      server: '192.168.7.2 6379',
      service: undefined,
      peerWorkload: { nodeName: 'node-2' },
    };
    const { service: _none, ...direct } = talk;
    expect(seen(opening(direct)).aggregator.topology(END_MS).nodes).toContainEqual({
      id: 'node-2:6379',
      type: 'cache',
      attributes: { 'k8s.node': 'node-2' },
    });
  });
});

test('the same name in two namespaces is two nodes', () => {
  const other = {
    ...asking,
    client: '10.1.0.9 40000',
    comm: 'g2',
    workload: pod('api-gateway-z', 'api-gateway', 'test'),
  };
  const world = seen([...opening(asking), ...opening(other)]);
  expect(world.aggregator.topology(END_MS).nodes.map(({ id }) => id)).toEqual([
    'api-gateway',
    'test/api-gateway',
    'user-service',
  ]);
});

test('what the API tells late is used from then on', () => {
  const world = createWorld();
  const early = { ...asking, workload: { ...pod('api-gateway-x1'), partial: true as const } };
  for (const event of opening(early)) world.see(event);
  for (const event of opening({ ...asking, client: '10.1.0.5 40001', socketId: 7 })) world.see(event);
  expect(world.aggregator.topology(END_MS).edges.map(({ source }) => source)).toEqual([
    'api-gateway',
    'api-gateway-x1',
  ]);
});
