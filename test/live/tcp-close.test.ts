import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/capture/addon.ts';
import type { ConnectionEvent, EndReason } from '../../src/model/event.ts';
import { formatIp } from '../../src/net/ip.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { filterArrivals } from '../support/namespaces.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

interface Row {
  readonly name: string;
  /** What each side does once the connection is there. */
  readonly client: string;
  readonly server: string;
  /** Payload bytes that the client and the server sent. */
  readonly sent: readonly [number, number];
  readonly reasons?: readonly [EndReason, EndReason];
}

const ROWS: readonly Row[] = [
  {
    name: 'the client closes first',
    client: 'send 1000 recv 50 close',
    server: 'recv 1000 send 50 eof close',
    sent: [1000, 50],
  },
  {
    name: 'the server closes first',
    client: 'send 10 eof close',
    server: 'recv 10 send 70000 close',
    sent: [10, 70_000],
  },
  { name: 'nothing is sent', client: 'close', server: 'eof close', sent: [0, 0] },
  {
    name: 'a megabyte each way',
    client: 'send 1000000 recv 1000000 close',
    server: 'recv 1000000 send 1000000 eof close',
    sent: [1_000_000, 1_000_000],
  },
  {
    name: 'half-close by the client, then the answer',
    client: 'send 5 shutdown eof close',
    server: 'eof send 12345 close',
    sent: [5, 12_345],
  },
  {
    name: 'half-close by the server',
    client: 'eof send 777 close',
    server: 'send 3 shutdown eof close',
    sent: [777, 3],
  },
  // The server closes as soon as the FIN is there: its own FIN carries the ACK.
  { name: 'FIN and ACK in one segment', client: 'send 1 close', server: 'eof close', sent: [1, 0] },
  { name: 'both close at the same word', client: 'send 1 close', server: 'recv 1 close', sent: [1, 0] },
  {
    name: 'the processes end without close',
    client: 'send 9 recv 8 exit',
    server: 'recv 9 send 8 eof exit',
    sent: [9, 8],
  },
  {
    name: 'reset by the client (linger 0)',
    client: 'send 20 recv 30 send 1 acked linger0 close',
    server: 'recv 20 send 30 recv 1 eof close',
    sent: [21, 30],
    reasons: ['aborted', 'reset'],
  },
  {
    name: 'reset by the server (linger 0)',
    client: 'send 20 recv 30 eof close',
    server: 'recv 20 send 30 acked linger0 close',
    sent: [20, 30],
    reasons: ['reset', 'aborted'],
  },
  {
    name: 'data unread at close',
    client: 'send 40 recv 1 eof close',
    server: 'recv 10 send 1 acked close',
    sent: [40, 1],
    reasons: ['reset', 'aborted'],
  },
  {
    name: 'reset after a half-close',
    client: 'send 6 shutdown recv 2 eof close',
    server: 'recv 6 eof send 2 acked linger0 close',
    sent: [6, 2],
    reasons: ['reset', 'aborted'],
  },
];

const FAMILIES = [
  { family: 'v4', tcp: 'tcp4', loopback: '127.0.0.1', far: '198.51.100.9' },
  { family: 'v6', tcp: 'tcp6', loopback: '::1', far: '2001:db8:bad::9' },
  { family: 'v4-mapped', tcp: 'tcp6', loopback: '::ffff:127.0.0.1', far: '::ffff:198.51.100.9' },
] as const;

const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(`TCP from attempt to end ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    filterArrivals(sandbox.namespaces.inside, []);
    await watch?.stop();
  });
  afterAll(() => sandbox?.close());

  /** Lets two peers in the cgroup talk over loopback; returns the two sides' last events. */
  async function talk(
    row: Pick<Row, 'client' | 'server'>,
    family: (typeof FAMILIES)[number],
  ): Promise<ConnectionEvent[]> {
    const { tcp, loopback } = family;
    const server = sandbox.peer(`${tcp} bind ${loopback} 0 listen port accept ${row.server}`);
    const client = sandbox.peer(`${tcp} connect ${loopback} ${await server.number()} ${row.client}`);
    const ends = [client, server].map(({ pid }) =>
      watch.connection(`the end for ${pid}`, (event) => event.phase === 'closed' && event.owner?.pid === pid),
    );
    const closed = await Promise.all(ends);
    await Promise.all([client.end(), server.end()]);
    await watch.caughtUp();
    expect(watch.story(client.pid)).toHaveLength(3);
    expect(watch.connections).toHaveLength(5);
    return closed;
  }

  function checkSide(
    event: ConnectionEvent,
    expected: { sent: number; received: number; reason: EndReason },
  ): void {
    expect(event).toMatchObject({
      phase: 'closed',
      transport: 'tcp',
      reason: expected.reason,
      stats: { bytesSent: expected.sent, bytesReceived: expected.received },
    });
    const stats = event.stats!;
    // The SYN-ACK is not the accepted socket's.
    expect(stats.segmentsSent).toBeGreaterThanOrEqual(1);
    expect(stats.segmentsReceived).toBeGreaterThanOrEqual(1);
    expect(stats.rttUs).toBeGreaterThan(0);
    expect(stats.minRttUs).toBeGreaterThan(0);
    expect(stats.minRttUs).toBeLessThan(30e6);
    expect(stats.durationMs).toBeGreaterThan(0);
    expect(stats.durationMs).toBeLessThan(30_000);
  }

  describe.each(FAMILIES)('$family', (family) => {
    it.each(ROWS)('$name', async (row) => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const [client, server] = (await talk(row, family)) as [ConnectionEvent, ConnectionEvent];
      const [clientReason, serverReason] = row.reasons ?? ['closed', 'closed'];
      checkSide(client, { sent: row.sent[0], received: row.sent[1], reason: clientReason });
      checkSide(server, { sent: row.sent[1], received: row.sent[0], reason: serverReason });
      expect([client.role, server.role]).toEqual(['client', 'server']);
      expect(client.local).toEqual(server.remote);
      expect(client.remote).toEqual(server.local);
      expect(client.local.ip.family).toBe(family.family === 'v6' ? 6 : 4);
      expect(client.socketId).not.toBe(server.socketId);
    });

    it('tells each phase once, in order, with the same endpoints and socket', async () => {
      const offsetMs = loadAddon().epochOffsetMs();
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const [client, server] = (await talk(
        { client: 'close', server: 'eof close' },
        family,
      )) as ConnectionEvent[];
      const of = (end: ConnectionEvent | undefined): ConnectionEvent[] =>
        watch.connections.filter((event) => event.socketId === end?.socketId);
      expect(of(client).map((event) => event.phase)).toEqual(['attempted', 'established', 'closed']);
      expect(of(server).map((event) => event.phase)).toEqual(['accepted', 'closed']);
      for (const event of of(client))
        expect(event).toMatchObject({ local: client?.local, remote: client?.remote });
      expect(of(client)[1]?.handshakeRttUs).toBeGreaterThan(0);
      expect(of(client)[0]).not.toHaveProperty('stats');
      const times = of(client).map((event) => event.timeMs);
      const clockWasSet = Math.abs(loadAddon().epochOffsetMs() - offsetMs) > 0.5;
      if (!clockWasSet) expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.abs((times[0] ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it.each(['client', 'server'] as const)('only the %s is in the cgroup', async (observed) => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const place = (side: string) => ({ cgroup: side === observed ? sandbox.cgroup : ('none' as const) });
      const { tcp, far } = family;
      const server = sandbox.peer(`${tcp} bind ${far} 0 listen port accept recv 64 send 128 eof close`, {
        ...place('server'),
        namespace: 'outside',
      });
      const port = await server.number();
      const client = sandbox.peer(`${tcp} connect ${far} ${port} send 64 recv 128 close`, place('client'));
      await Promise.all([client.end(), server.end()]);
      const closed = await watch.connection('the end', (event) => event.phase === 'closed');
      await watch.caughtUp();
      const isClient = observed === 'client';
      checkSide(
        closed,
        isClient
          ? { sent: 64, received: 128, reason: 'closed' }
          : { sent: 128, received: 64, reason: 'closed' },
      );
      expect(watch.story()).toEqual([
        ...(isClient ? ['attempted', 'established'] : ['accepted']),
        'closed:closed',
      ]);
      expect(closed.role).toBe(observed);
      const farEnd = isClient ? closed.remote : closed.local;
      expect(farEnd).toMatchObject({ port });
      expect(formatIp(farEnd.ip)).toBe(far.replace('::ffff:', ''));
    });

    it('FINs that cross', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const { tcp, loopback } = family;
      const server = sandbox.peer(
        `${tcp} bind ${loopback} 0 listen port accept recv 7 send 11 say ready wait close`,
      );
      const client = sandbox.peer(
        `${tcp} connect ${loopback} ${await server.number()} send 7 recv 11 say ready wait close`,
      );
      await Promise.all([client.line(), server.line()]);
      // Both first FINs are lost, so both sides have sent one before either has received one.
      filterArrivals(sandbox.namespaces.inside, ['tcp flags & fin == fin drop']);
      for (const side of [client, server]) side.go();
      await Promise.all([client.end(), server.end()]);
      filterArrivals(sandbox.namespaces.inside, []);
      const ends = [client, server].map(({ pid }) =>
        watch.connection(
          `the end for ${pid}`,
          (event) => event.phase === 'closed' && event.owner?.pid === pid,
        ),
      );
      const [clientEnd, serverEnd] = (await Promise.all(ends)) as [ConnectionEvent, ConnectionEvent];
      expect(clientEnd).toMatchObject({ reason: 'closed', stats: { bytesSent: 7, bytesReceived: 11 } });
      expect(serverEnd).toMatchObject({ reason: 'closed', stats: { bytesSent: 11, bytesReceived: 7 } });
      expect((clientEnd.stats?.retransmits ?? 0) + (serverEnd.stats?.retransmits ?? 0)).toBeGreaterThan(0);
    });
  });
});
