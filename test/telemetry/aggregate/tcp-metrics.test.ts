import { describe, expect, test } from 'vitest';
import { connection, createWorld, START_MS, stats, type Talk } from '../support/aggregate.ts';

const CLIENT = '10.0.1.50 40000';
const SERVER = '10.0.2.100 5432';
const FLOW = 'src_ip="10.0.1.50",dst_ip="10.0.2.100",dst_port="5432"';
const talk: Talk = { client: CLIENT, server: SERVER, comm: 'api' };

/** A whole connection as one end tells it. */
function* life(of: Talk, end = stats()) {
  if (of.by !== 'server') yield connection(of, { phase: 'attempted' });
  yield connection(of, { phase: of.by === 'server' ? 'accepted' : 'established', handshakeRttUs: 1_000 });
  yield connection(of, { phase: 'closed', reason: 'closed', stats: end });
}

describe('a flow', () => {
  test("has the client's view, whichever end is ours", () => {
    for (const by of ['client', 'server'] as const) {
      const world = createWorld();
      for (const event of life({ ...talk, by })) world.see(event);
      const [sent, received] = by === 'client' ? [100, 1_000] : [1_000, 100];
      expect(world.values('tcp_bytes_sent')).toEqual({ [FLOW]: sent });
      expect(world.values('tcp_bytes_received')).toEqual({ [FLOW]: received });
      expect(world.values('tcp_connections_opened')).toEqual({ [FLOW]: 1 });
      expect(world.values('tcp_retransmits')).toEqual({ [FLOW]: 1 });
      expect(world.values('tcp_rtt_us')).toEqual({ [FLOW]: 1_250 });
      expect(world.values('tcp_connections')).toEqual({ [FLOW]: 0 });
    }
  });

  test('is counted once when both ends are ours', () => {
    const world = createWorld();
    const server = { ...talk, by: 'server', comm: 'postgres', socketId: 2 } as const;
    const [attempt, open, close] = [...life(talk)];
    const [accept, end] = [...life(server)];
    for (const event of [attempt!, open!, accept!]) world.see(event);
    world.aggregator.tick(START_MS + 1_000);
    expect(world.values('tcp_connections')).toEqual({ [FLOW]: 1 });
    expect(world.values('telegen_tcp_connections')).toEqual({
      'state="connecting"': 0,
      'state="established",client="api",server="postgres"': 1,
    });
    for (const event of [close!, end!]) world.see(event);
    expect(world.values('tcp_bytes_sent')).toEqual({ [FLOW]: 100 });
    expect(world.values('tcp_connections_opened')).toEqual({ [FLOW]: 1 });
    expect(world.values('telegen_tcp_connections')).toEqual({
      'state="connecting"': 0,
      'state="established"': 0,
    });
    // Segments are about sockets: each end sends its own.
    expect(world.values('telegen_tcp_segments')).toEqual({ '': 20 });
  });

  test('names pods', () => {
    const world = createWorld();
    for (const event of life({ ...talk, pod: 'api-server' })) world.see(event);
    expect(Object.keys(world.values('tcp_rtt_us'))).toEqual([`${FLOW},k8s_src_pod="api-server"`]);
  });

  test('stays while a connection is open, and goes when it is idle', () => {
    const world = createWorld({ limits: { idleMs: 60_000 } });
    const [attempt, open, close] = [...life(talk)];
    world.see(attempt!);
    world.see(open!);
    world.aggregator.tick(START_MS + 3_600_000);
    expect(world.values('tcp_connections')).toEqual({ [FLOW]: 1 });
    world.see(close!);
    world.aggregator.tick(START_MS + 7_200_000);
    expect(world.values('tcp_connections')).toEqual({});
  });
});

describe('the whole host', () => {
  test('states: connecting until it is established', () => {
    const world = createWorld();
    world.see(connection(talk, { phase: 'attempted' }));
    expect(
      world.values('telegen_tcp_connections')['state="connecting",client="api",server="10.0.2.100:5432"'],
    ).toBe(1);
    world.see(connection(talk, { phase: 'established' }));
    expect(world.values('telegen_tcp_connections')).toMatchObject({
      'state="established",client="api",server="10.0.2.100:5432"': 1,
    });
  });

  test.each([
    ['failed', 'refused', 1],
    ['failed', 'timeout', 1],
    ['failed', 'aborted', 1],
    ['closed', 'reset', 1],
    ['closed', 'timeout', 1],
    ['closed', 'aborted', 0],
  ] as const)('%s by %s counts as %i error', (phase, reason, count) => {
    const world = createWorld();
    world.see(connection(talk, { phase: 'attempted' }));
    world.see(connection(talk, { phase, reason, stats: stats() }));
    const errors = world.values('telegen_tcp_connection_errors');
    expect(errors[`error_type="${reason}"`]).toBe(count);
    expect(Object.values(errors).reduce((sum, each) => sum + each, 0)).toBe(count);
    expect(world.values('telegen_tcp_connections')).toEqual({
      'state="connecting"': 0,
      'state="established"': 0,
    });
  });

  test('an attempt without a port of its own is an error and nothing else', () => {
    const world = createWorld();
    world.see(connection({ ...talk, client: '0.0.0.0 0' }, { phase: 'failed', reason: 'unreachable' }));
    expect(world.values('telegen_tcp_connection_errors')['error_type="unreachable"']).toBe(1);
    expect(world.values('tcp_bytes_sent')).toEqual({});
  });

  test('round-trip times in seconds: of the handshake and at the end', () => {
    const world = createWorld();
    for (const event of life(talk)) world.see(event);
    expect(world.histogram('telegen_tcp_rtt_seconds')?.count).toBe(2);
    expect(world.histogram('telegen_tcp_rtt_seconds')?.sum).toBeCloseTo(0.00225, 9);
  });

  test('more pairs than there is room for fold into one', () => {
    const world = createWorld();
    for (let i = 0; i < 1_200; i++)
      world.see(
        connection({ ...talk, client: `10.1.${i >> 8}.${i & 255} 1`, by: 'server' }, { phase: 'accepted' }),
      );
    const pairs = world.values('telegen_tcp_connections');
    // 1,000 pairs, the rest, and the state that nothing is in.
    expect(Object.keys(pairs)).toHaveLength(1_002);
    expect(Object.values(pairs).reduce((sum, each) => sum + each, 0)).toBe(1_200);
  });
});

describe('switches', () => {
  const all = { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 1 };
  const names = (some: Partial<typeof all>): string[] => {
    const world = createWorld({ tcp: { ...all, ...some } });
    for (const event of life(talk)) world.see(event);
    return world.names().filter((name) => name.includes('tcp'));
  };

  test('enabled: false leaves no TCP metric', () => {
    expect(names({ enabled: false })).toEqual([]);
  });

  test.each([
    [{ rtt: false }, ['tcp_rtt_us', 'telegen_tcp_rtt_seconds']],
    [{ retransmits: false }, ['tcp_retransmits', 'telegen_tcp_retransmits', 'telegen_tcp_segments']],
    [
      { connectionTracking: false },
      [
        'tcp_connections',
        'tcp_connections_opened',
        'telegen_tcp_connection_errors',
        'telegen_tcp_connections',
      ],
    ],
  ])('%j leaves out %j', (some, gone) => {
    expect(names(some).toSorted()).toEqual(
      names({})
        .filter((name) => !gone.includes(name))
        .toSorted(),
    );
  });
});

describe('sampling', () => {
  test('1 in 10 of 100,000 connections estimates counts and bytes within four standard deviations', () => {
    const connections = 100_000;
    const world = createWorld({
      tcp: { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 10 },
    });
    let bytes = 0;
    for (let i = 1; i <= connections; i++) {
      const end = stats({ bytesSent: (i % 7) * 100 });
      bytes += end.bytesSent;
      for (const event of life({ ...talk, client: `10.0.1.50 ${1 + (i % 60_000)}`, socketId: i }, end))
        world.see(event);
    }
    const opened = world.values('tcp_connections_opened')[FLOW] ?? 0;
    const sent = world.values('tcp_bytes_sent')[FLOW] ?? 0;
    // Each kept connection counts ten times: the variance of the estimate is n * (1/p - 1) times the mean square.
    expect(Math.abs(opened - connections)).toBeLessThan(4 * Math.sqrt(connections * 9));
    expect(Math.abs(sent - bytes)).toBeLessThan(4 * Math.sqrt(connections * 9 * 130_000));
    expect(opened % 10).toBe(0);
    expect(world.values('telegen_sample_rate')).toMatchObject({ 'signal="tcp"': 10 });
  });
});

test('a table of conversations that is full forgets the one longest silent, and what it counted as open', () => {
  const world = createWorld({ maxConversations: 2 });
  for (const port of [1, 2, 3]) {
    world.see(
      connection({ ...talk, client: `10.0.1.50 ${port}` }, { phase: 'established', handshakeRttUs: 1 }),
    );
    world.aggregator.tick(START_MS);
  }
  expect(world.values('tcp_connections')).toEqual({ [FLOW]: 2 });
  expect(world.values('telegen_tracked_conversations_evicted')).toEqual({ '': 1 });
});
