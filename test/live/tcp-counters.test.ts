import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionEvent } from '../../src/model/event.ts';
import type { LiveFlow } from '../../src/model/flow.ts';
import { weightOf } from '../../src/telemetry/aggregate/sampling.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { filterArrivals } from '../support/namespaces.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { sentBytes, socketTo } from '../support/socket-statistics.ts';

const skip = whyNoSandbox();
/** Without one nothing is known of processes that were there before. */
const seed = (...pids: number[]) => pids.map((pid) => ({ pid, parentPid: 1, startNs: 1, execId: 1 }));
/** Ethernet, IPv4, and TCP with timestamps. */
const HEADERS = 14 + 20 + 32;

type Seen = Omit<LiveFlow, 'event'> & { readonly told: ConnectionEvent };

describe.skipIf(skip !== undefined)(`TCP counters while open ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;
  let flows: Seen[];
  /** Who talks to whom, by socket: it is told once. */
  let ends: Map<number, ConnectionEvent>;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await watch.stop();
    await sandbox.endPrograms();
    filterArrivals(sandbox.namespaces.outside, []);
  });
  afterAll(() => sandbox?.close());

  const start = (seeded: readonly number[] = [], sampleRate = 1): void => {
    flows = [];
    ends = new Map();
    const onFlow = (flow: LiveFlow): void => {
      const { timeMs, socketId, bytesSent, bytesReceived, segmentsSent, segmentsReceived } = flow;
      const { retransmits, rttUs, spoken, isFirst } = flow;
      const totals = { bytesSent, bytesReceived, segmentsSent, segmentsReceived, retransmits };
      const told = ends.get(socketId) ?? flow.event()!;
      ends.set(socketId, told);
      flows.push({ timeMs, socketId, ...totals, rttUs, spoken, isFirst, told });
    };
    watch = watchCgroup({
      cgroup: sandbox.cgroup,
      flows: { sampleRate, everyMs: 100, onFlow },
      seedProcesses: () => seed(...seeded),
    });
  };
  const about = (port: number): Seen[] => flows.filter(({ told }) => told.remote.port === port);
  const latest = (port: number): Seen | undefined => about(port).at(-1);
  const sent = (port: number, bytes: number): Promise<unknown> =>
    eventually(
      () => latest(port)?.bytesSent === bytes,
      () => `${bytes} bytes: ${JSON.stringify(flows)}`,
    );
  const threeRounds = async (): Promise<void> => {
    const { rounds } = watch.capture.flows()!;
    await eventually(
      () => watch.capture.flows()!.rounds > rounds + 3,
      () => 'three more rounds',
    );
  };
  /** Waits until what was told last is what `ss` says, and checks that it stays so. */
  const agreed = async (port: number): Promise<Seen> => {
    const both = () => [latest(port), socketTo(sandbox.namespaces.inside, port)] as const;
    await eventually(
      () => {
        const [told, real] = both();
        return told !== undefined && told.segmentsSent === real?.segmentsSent && told.rttUs === real.rttUs;
      },
      () => `the counters to be those of ss: ${JSON.stringify(both())}`,
    );
    const [told, real] = both();
    expect(told).toMatchObject({
      // The SYN counts as a byte there.
      bytesSent: real!.bytesAcked - 1,
      bytesReceived: real!.bytesReceived,
      segmentsSent: real!.segmentsSent,
      segmentsReceived: real!.segmentsReceived,
      retransmits: real!.retransmits,
      rttUs: real!.rttUs,
    });
    return told!;
  };

  it.each([
    ['v4', 'tcp4', '198.51.100.9'],
    ['v6', 'tcp6', '2001:db8:bad::9'],
    ['v4-mapped', 'tcp6', '::ffff:198.51.100.9'],
  ] as const)(
    'a long transfer, %s: grows as it goes, and is what ss and the link say',
    async (_, tcp, far) => {
      start();
      const before = sentBytes(sandbox.namespaces.inside, 'wire');
      const server = sandbox.peer(
        `${tcp} bind ${far} 0 listen port accept recv 30000000 wait recv 30000000 send 70000 eof close`,
        { cgroup: 'none', namespace: 'outside' },
      );
      const port = await server.number();
      // Half of it fits: the client then waits for a server that does not read.
      const client = sandbox.peer(
        `${tcp} connect ${far} ${port} send 60000000 recv 70000 say done wait close`,
      );
      await eventually(
        () => (latest(port)?.bytesSent ?? 0) >= 30_000_000,
        () => `half of the transfer: ${JSON.stringify(latest(port))}`,
      );
      expect(watch.connections.some(({ phase }) => phase === 'closed')).toBe(false);
      server.go();
      await client.line();
      const told = await agreed(port);
      expect(told).toMatchObject({ bytesSent: 60_000_000, bytesReceived: 70_000 });
      const onWire = sentBytes(sandbox.namespaces.inside, 'wire') - before;
      expect(onWire).toBeGreaterThan(60_000_000);
      // Segments are what the wire sees, also where the kernel hands over 64 KiB at once.
      expect(told.segmentsSent).toBeGreaterThan(60_000_000 / 1_500);
      expect(onWire).toBeLessThan(60_000_000 * 1.05 + told.segmentsSent * (HEADERS + 20));
      for (const [i, flow] of about(port).entries())
        expect(flow.bytesSent).toBeGreaterThanOrEqual(about(port)[i - 1]?.bytesSent ?? 0);
      client.go();
      const closed = await watch.connection('the end', ({ phase }) => phase === 'closed');
      expect(closed.stats).toMatchObject({ bytesSent: 60_000_000, bytesReceived: 70_000 });
      expect(closed.stats!.segmentsSent).toBeGreaterThanOrEqual(told.segmentsSent);
    },
  );

  it('loss: retransmissions while it is open', async () => {
    start();
    // Not at random: of some fifty packets of 64 KiB none might be lost.
    filterArrivals(sandbox.namespaces.outside, ['tcp dport 7777 numgen inc mod 20 == 7 drop']);
    const server = sandbox.peer(
      'tcp4 bind 198.51.100.9 7777 listen say up accept recv 3000000 say got eof close',
      { cgroup: 'none', namespace: 'outside' },
    );
    await server.line();
    const client = sandbox.peer('tcp4 connect 198.51.100.9 7777 send 3000000 acked say done wait close');
    await client.line();
    const told = await agreed(7777);
    expect(told.bytesSent).toBe(3_000_000);
    expect(told.retransmits).toBeGreaterThan(0);
  });

  it('a connection older than telegen: both ends, who opened it, and its end', async () => {
    const server = sandbox.peer(
      'tcp4 bind 127.0.0.1 0 listen port accept recv 1000 send 50 say ok recv 5 say more wait close',
    );
    const port = await server.number();
    const client = sandbox.peer(
      `tcp4 connect 127.0.0.1 ${port} send 1000 recv 50 say ok wait send 5 say sent eof say over close`,
    );
    await client.line();
    await server.line();
    start([server.pid, client.pid]);
    await eventually(
      () => flows.length >= 2,
      () => `both ends: ${JSON.stringify(flows)}`,
    );
    const first = (pid: number) => flows.find(({ told }) => told.owner?.pid === pid);
    expect(first(client.pid)).toMatchObject({
      bytesSent: 1_000,
      bytesReceived: 50,
      isFirst: true,
      told: { phase: 'established', role: 'client', attribution: 'preexisting' },
    });
    expect(first(server.pid)).toMatchObject({
      bytesSent: 50,
      bytesReceived: 1_000,
      isFirst: true,
      told: { phase: 'established', role: 'server', local: { port } },
    });
    client.go();
    await server.line();
    await sent(port, 1_005);
    expect(latest(port)?.isFirst).toBe(false);
    server.go();
    await client.end();
    const closed = await watch.connection(
      'the end',
      (event) => event.phase === 'closed' && event.role === 'client',
    );
    expect(closed).toMatchObject({ socketId: first(client.pid)?.socketId });
    expect(closed.stats).toMatchObject({ bytesSent: 1_005, bytesReceived: 50 });
    await watch.connection('the other end', (event) => event.phase === 'closed' && event.role === 'server');
  });

  it('a socket that two processes hold is told once, and of one that is silent nothing more', async () => {
    start();
    const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port accept recv 10 eof close', {
      cgroup: 'none',
    });
    const port = await server.number();
    const client = sandbox.peer(`tcp4 connect 127.0.0.1 ${port} send 10 acked say up fork wait close`);
    await client.line();
    await sent(port, 10);
    const { length } = flows;
    await threeRounds();
    expect(flows).toHaveLength(length);
    expect(watch.capture.flows()!.failures).toBe(0);
    client.go();
  });

  it('a socket that has got other descriptors is told once', async () => {
    start();
    const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port accept recv 15 eof close', {
      cgroup: 'none',
    });
    const port = await server.number();
    const client = sandbox.peer(
      `tcp4 connect 127.0.0.1 ${port} send 10 acked wait dup send 5 acked wait fork wait close`,
    );
    await sent(port, 10);
    client.go();
    await sent(port, 15);
    client.go();
    const { length } = flows;
    await threeRounds();
    expect(flows).toHaveLength(length);
    client.go();
  });

  it('sockets that no process has: not yet accepted, and closed while they send', async () => {
    start();
    const server = sandbox.peer('tcp4 bind 198.51.100.9 7778 listen say up wait', {
      cgroup: 'none',
      namespace: 'outside',
    });
    const late = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port wait accept recv 10 wait');
    await server.line();
    const port = await late.number();
    const other = sandbox.peer(`tcp4 connect 127.0.0.1 ${port} send 10 acked wait`, { cgroup: 'none' });
    await eventually(
      () => flows.some(({ told, bytesReceived }) => told.role === 'server' && bytesReceived === 10),
      () => `the connection that waits: ${JSON.stringify(flows)}`,
    );
    const client = sandbox.peer('tcp4 connect 198.51.100.9 7778 say up wait send 1000 close');
    await client.line();
    filterArrivals(sandbox.namespaces.outside, ['tcp dport 7778 drop']);
    client.go();
    await client.end();
    await eventually(
      () => (latest(7778)?.retransmits ?? 0) > 0,
      () => `what is sent again: ${JSON.stringify(about(7778))}`,
    );
    expect(latest(7778)?.bytesSent).toBe(0);
    filterArrivals(sandbox.namespaces.outside, []);
    const closed = await watch.connection('the end', (event) => event.phase === 'closed');
    expect(closed.stats).toMatchObject({ bytesSent: 1_000 });
    for (const peer of [late, other, server]) peer.go();
  });

  it('of a connection that was told before, who talks to whom is told again when somebody asks', async () => {
    const known = new Map<number, (ConnectionEvent | undefined)[]>();
    watch = watchCgroup({
      cgroup: sandbox.cgroup,
      flows: {
        sampleRate: 1,
        everyMs: 100,
        onFlow: (flow) => known.set(flow.socketId, [...(known.get(flow.socketId) ?? []), flow.event()]),
      },
    });
    const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port accept recv 1000 eof', { cgroup: 'none' });
    const port = await server.number();
    const client = sandbox.peer(`tcp4 connect 127.0.0.1 ${port} repeat 1000 send 1 acked sleep 100`);
    const told = () => [...known.values()].flat();
    await eventually(
      () => told().length >= 4,
      () => `four rounds: ${JSON.stringify(told())}`,
    );
    await client.kill();
    expect(
      told()
        .map((event) => event?.remote.port)
        .slice(0, 4),
    ).toEqual([port, undefined, port, port]);
  });

  it('sampling: the kernel leaves out the same connections as user space', async () => {
    start([], 4);
    const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port repeat 41 accept recv 10', {
      cgroup: 'none',
    });
    const port = await server.number();
    // The sockets before stay open.
    const client = sandbox.peer(`repeat 40 tcp4 connect 127.0.0.1 ${port} send 10 acked say up wait`);
    for (let i = 0; i < 40; i++) {
      await client.line();
      if (i < 39) client.go();
    }
    await watch.caughtUp();
    const opened = watch.connections.filter(({ phase }) => phase === 'established');
    const ids = (events: readonly ConnectionEvent[]) =>
      [...new Set(events.map(({ socketId }) => socketId))].toSorted((a, b) => a - b);
    const wanted = ids(opened.filter((event) => weightOf(event, 4) === 4));
    const told = () => ids(flows.map((flow) => flow.told));
    await eventually(
      () => told().length >= wanted.length,
      () => `${wanted.length} of 40 connections; told: ${told().join()}`,
    );
    expect(told()).toEqual(wanted);
    expect(opened).toHaveLength(40);
  });

  it('is not there where nobody wants it', () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    expect(watch.capture.flows()).toBeUndefined();
    expect(watch.capture.hooks.map(({ feature }) => feature.name)).not.toContain('tcp-counters');
  });
});
