import { describe, expect, test } from 'vitest';
import type { LiveFlow } from '../../../src/model/flow.ts';
import { connection, createWorld, START_MS, stats, type Talk } from '../support/aggregate.ts';

const talk: Talk = { client: '10.0.1.50 40000', server: '10.0.2.100 5432' };
const FLOW = 'src_ip="10.0.1.50",dst_ip="10.0.2.100",dst_port="5432"';
const all = { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 1 };

function flow(of: Talk, some: Partial<LiveFlow> = {}): LiveFlow {
  return {
    timeMs: START_MS + 5_000,
    socketId: of.socketId ?? 1,
    bytesSent: 0,
    bytesReceived: 0,
    segmentsSent: 0,
    segmentsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    spoken: undefined,
    isFirst: false,
    event: () => connection(of, { phase: 'established' }),
    ...some,
  };
}

function opened(options: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld(options);
  world.see(connection(talk, { phase: 'attempted' }));
  world.see(connection(talk, { phase: 'established', handshakeRttUs: 1_000 }));
  world.aggregator.tick(START_MS);
  const figures = () => ({
    sent: world.values('tcp_bytes_sent')[FLOW],
    received: world.values('tcp_bytes_received')[FLOW],
    again: world.values('tcp_retransmits')[FLOW],
    segments: world.values('telegen_tcp_segments')[''],
    rtt: world.values('tcp_rtt_us')[FLOW],
  });
  return { ...world, grow: world.aggregator.onFlow, figures };
}

describe('counters of a connection that is open', () => {
  test('grow while it is open, and its end adds the rest alone', () => {
    const { see, grow, figures, values } = opened();
    grow(flow(talk, { bytesSent: 100, bytesReceived: 5, segmentsSent: 3, rttUs: 1_500 }));
    expect(figures()).toEqual({ sent: 100, received: 5, again: 0, segments: 3, rtt: 1_500 });
    grow(flow(talk, { bytesSent: 250, bytesReceived: 5, segmentsSent: 7, retransmits: 2, rttUs: 1_700 }));
    expect(figures()).toEqual({ sent: 250, received: 5, again: 2, segments: 7, rtt: 1_700 });
    const end = stats({ bytesSent: 300, bytesReceived: 10, segmentsSent: 9, retransmits: 3, rttUs: 1_600 });
    see(connection(talk, { phase: 'closed', reason: 'closed', stats: end }));
    expect(figures()).toEqual({ sent: 300, received: 10, again: 3, segments: 9, rtt: 1_600 });
    expect(values('telegen_tracked_sockets')).toEqual({ '': 0 });
  });

  test('never go down: a FIN that was taken off too early, and a batch that tells a socket twice', () => {
    const { see, grow, figures } = opened();
    grow(flow(talk, { bytesSent: 100, segmentsSent: 3 }));
    grow(flow(talk, { bytesSent: 99, segmentsSent: 3 }));
    grow(flow(talk, { bytesSent: 100, segmentsSent: 3 }));
    expect(figures()).toMatchObject({ sent: 100, segments: 3 });
    see(connection(talk, { phase: 'closed', stats: stats({ bytesSent: 100, segmentsSent: 3 }) }));
    expect(figures()).toMatchObject({ sent: 100, segments: 3 });
  });

  test('segments of the kernel turn over at 2^32, bytes have 64 bits', () => {
    const { grow, figures } = opened();
    grow(flow(talk, { bytesSent: 2 ** 40, segmentsSent: 0xffff_fff0 }));
    grow(flow(talk, { bytesSent: 2 ** 41 + 7, segmentsSent: 16 }));
    expect(figures()).toMatchObject({ sent: 2 ** 41 + 7, segments: 0xffff_fff0 + 32 });
  });

  test('the server end: what it received is what the source sent', () => {
    const world = createWorld();
    const served: Talk = { ...talk, by: 'server' };
    world.see(connection(served, { phase: 'accepted' }));
    world.aggregator.onFlow(flow(served, { bytesSent: 7, bytesReceived: 1 }));
    expect(world.values('tcp_bytes_sent')).toEqual({ [FLOW]: 1 });
    expect(world.values('tcp_bytes_received')).toEqual({ [FLOW]: 7 });
  });

  test('both ends here: the flow counts once, segments by socket', () => {
    const { see, grow, figures } = opened();
    const served: Talk = { ...talk, by: 'server', socketId: 2 };
    see(connection(served, { phase: 'accepted' }));
    grow(flow(talk, { bytesSent: 100, segmentsSent: 3 }));
    grow(flow(served, { bytesReceived: 100, segmentsSent: 2 }));
    expect(figures()).toMatchObject({ sent: 100, received: 0, segments: 5 });
  });

  test('of a connection that nothing told of are not counted', () => {
    const { grow, figures, values } = opened();
    grow(flow({ ...talk, client: '10.0.1.50 1' }, { bytesSent: 100, segmentsSent: 3, socketId: 9 }));
    expect(figures()).toMatchObject({ sent: 0, segments: 0 });
    expect(values('telegen_tracked_sockets')).toEqual({ '': 0 });
  });

  test('of one older than telegen begin where they are first met', () => {
    const { see, grow, figures, values } = opened();
    expect(
      values('telegen_tcp_connections')['state="established",client="10.0.1.50",server="10.0.2.100:5432"'],
    ).toBe(1);
    grow(flow(talk, { bytesSent: 1_000, segmentsSent: 50, isFirst: true }));
    expect(figures()).toMatchObject({ sent: 0, segments: 0 });
    grow(flow(talk, { bytesSent: 1_010, segmentsSent: 51 }));
    see(connection(talk, { phase: 'closed', stats: stats({ bytesSent: 1_020, segmentsSent: 52 }) }));
    expect(figures()).toMatchObject({ sent: 20, segments: 2 });
  });

  test('go on when the conversation was forgotten to make room, and its end still adds the rest alone', () => {
    const { see, grow, figures } = opened({ maxConversations: 2 });
    grow(flow(talk, { bytesSent: 100, segmentsSent: 3 }));
    for (const port of [2, 3, 4])
      see(connection({ ...talk, client: `10.0.1.50 ${port}`, socketId: port }, { phase: 'attempted' }));
    grow(flow(talk, { bytesSent: 200, segmentsSent: 5 }));
    expect(figures()).toMatchObject({ sent: 200, segments: 5 });
    see(connection(talk, { phase: 'closed', stats: stats({ bytesSent: 201, segmentsSent: 6 }) }));
    expect(figures()).toMatchObject({ sent: 201, segments: 6 });
  });

  test('more sockets than there is room for are counted at their end', () => {
    const { see, grow, values } = opened({ maxConversations: 2 });
    const id = (n: number): Talk => ({ ...talk, client: `10.0.1.50 ${n}`, socketId: n });
    for (let n = 10; n < 16; n++) {
      see(connection(id(n), { phase: 'established' }));
      grow(flow(id(n), { bytesSent: 1 }));
    }
    expect(values('telegen_tracked_sockets')).toEqual({ '': 4 });
    expect(values('telegen_tracked_sockets_refused')).toEqual({ '': 2 });
    for (let n = 10; n < 16; n++)
      see(connection(id(n), { phase: 'closed', stats: stats({ bytesSent: 10 }) }));
    expect(values('tcp_bytes_sent')).toEqual({ [FLOW]: 60 });
    expect(values('telegen_tracked_sockets')).toEqual({ '': 0 });
  });

  test('count for as many as were sampled', () => {
    const { see, grow, values } = opened({ tcp: { ...all, sampleRate: 10 } });
    const seen = Array.from({ length: 100 }, (_, i) => ({
      ...talk,
      client: `10.0.1.50 ${i + 1}`,
      socketId: i + 1,
    }));
    for (const each of seen) {
      see(connection(each, { phase: 'established' }));
      grow(flow(each, { bytesSent: 100, segmentsSent: 2, socketId: each.socketId }));
    }
    const sampled = (values('tcp_connections_opened')[FLOW] ?? 0) / 10;
    expect(sampled).toBeGreaterThan(0);
    expect(values('tcp_bytes_sent')[FLOW]).toBe(sampled * 1_000);
    expect(values('telegen_tcp_segments')['']).toBe(sampled * 20);
  });

  test('first bytes tell a store on a port of its own, while the connection is open', () => {
    const odd: Talk = { ...talk, server: '10.0.2.100 7000' };
    const world = createWorld();
    world.see(connection(odd, { phase: 'established' }));
    world.aggregator.tick(START_MS);
    const edges = () =>
      world.aggregator
        .topology(START_MS + 6_000)
        .edges.map(({ target, attributes }) => `${target} ${attributes.protocol} ${attributes.bytes}`);
    expect(edges()).toEqual(['10.0.2.100 tcp 0']);
    world.aggregator.onFlow(flow(odd, { bytesSent: 7, spoken: 'redis' }));
    expect(edges()).toEqual(['10.0.2.100:7000 redis 7']);
    const { nodes } = world.aggregator.topology(START_MS + 6_000);
    expect(nodes.find(({ id }) => id === '10.0.2.100:7000')?.type).toBe('cache');
  });

  test('reach the topology, which is not sampled, as they come', () => {
    const { see, grow, aggregator } = opened();
    const bytes = () => aggregator.topology(START_MS + 6_000).edges[0]?.attributes.bytes;
    grow(flow(talk, { bytesSent: 100, bytesReceived: 1 }));
    expect(bytes()).toBe(101);
    see(
      connection(talk, {
        phase: 'closed',
        stats: stats({ bytesSent: 150, bytesReceived: 2 }),
        timeMs: START_MS + 5_500,
      }),
    );
    expect(bytes()).toBe(152);
  });
});
