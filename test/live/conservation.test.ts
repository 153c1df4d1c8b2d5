import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecordCounters } from '../../src/capture/live/counters.ts';
import { totals, type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { blockUntilEnded, type Program } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const CONNECTIONS = 10_000;
const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(`no record is lost unnoticed ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await watch?.stop();
  });
  afterAll(() => sandbox?.close());

  /** 10,000 connections over loopback, both ends observed. Each sends one byte. */
  async function burst(waitForEnd: (program: Program) => unknown): Promise<void> {
    const server = sandbox.peer(
      `tcp4 bind 127.0.0.1 0 listen port repeat ${CONNECTIONS} accept recv 1 close`,
    );
    const port = await server.number();
    const client = sandbox.peer(`repeat ${CONNECTIONS} tcp4 connect 127.0.0.1 ${port} send 1 close`);
    await waitForEnd(client);
    await Promise.all([client.end(), server.end()]);
    // The processes may end before the last ACK is processed: the last connection closes then.
    await eventually(
      () => (made(watch.capture.counters()).closed ?? 0) >= 2 * CONNECTIONS,
      () => `every connection to close: ${JSON.stringify(made(watch.capture.counters()))}`,
    );
    await watch.caughtUp();
  }

  const made = (counters: RecordCounters): Record<string, number> =>
    Object.fromEntries(
      Object.entries(counters).map(([name, { submitted, dropped }]) => [name, submitted + dropped]),
    );

  const TRUTH = {
    attempted: CONNECTIONS,
    established: CONNECTIONS,
    accepted: CONNECTIONS,
    closed: 2 * CONNECTIONS,
    failed: 0,
    exec: 2,
    exit: 2,
    udp_socket_closed: 0,
    payload: 0,
    stream_closed: 0,
    socket_state: 0,
    udp_flow_state: 0,
    process_state: 0,
    stream_state: 0,
  };

  it.each([4096, 65_536])(
    'a ring of %i bytes: what it had no room for is counted',
    async (ringBufferSize) => {
      watch = watchCgroup({ cgroup: sandbox.cgroup, ringBufferSize });
      await burst(blockUntilEnded);
      const counters = watch.capture.counters();
      expect(made(counters)).toEqual(TRUTH);
      const { submitted, dropped } = totals(counters);
      expect(dropped).toBeGreaterThan(0);
      expect(watch.capture.received()).toBe(submitted);
      const seen = (phase: string): number =>
        watch.connections.filter((event) => event.phase === phase).length;
      for (const phase of ['attempted', 'established', 'accepted', 'closed'] as const)
        expect([phase, seen(phase)]).toEqual([phase, counters[phase]?.submitted]);
      expect(watch.warnings).toEqual([]);
    },
  );

  it('a ring of 16 MiB drops none, even with nobody reading', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup, ringBufferSize: 1 << 24 });
    await burst(blockUntilEnded);
    const counters = watch.capture.counters();
    expect(made(counters)).toEqual(TRUTH);
    expect(totals(counters).dropped).toBe(0);
    expect(watch.connections).toHaveLength(5 * CONNECTIONS);
    expect(new Set(watch.connections.map((event) => event.socketId)).size).toBe(2 * CONNECTIONS);
    for (const event of watch.connections) if (event.phase === 'closed') expect(event.reason).toBe('closed');
  });

  it('the same, read while it happens', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup, ringBufferSize: 1 << 24 });
    await burst((program) => program.end());
    expect(made(watch.capture.counters())).toEqual(TRUTH);
    expect(watch.capture.received()).toBe(5 * CONNECTIONS + 4);
  });

  it('300 UDP sockets begin and end 300 times', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    await sandbox.peer('repeat 300 udp4 sendto 127.0.0.1 9 1 close').end();
    await watch.caughtUp();
    expect(watch.connections.filter((event) => event.phase === 'attempted')).toHaveLength(300);
    expect(watch.connections.filter((event) => event.phase === 'closed')).toHaveLength(300);
    expect(new Set(watch.connections.map((event) => event.socketId)).size).toBe(300);
  });

  it.each([65_536, 1 << 24])('with content and rings of %i bytes', async (ringBufferSize) => {
    const reader = { openStream: () => undefined, datagram: () => undefined };
    watch = watchCgroup({
      cgroup: sandbox.cgroup,
      ringBufferSize,
      content: { kinds: ['dns', 'http', 'tls'], reader },
    });
    await burst((program) => program.end());
    // The byte, a zero, may be the first of an HTTP/2 frame: both ends ship it.
    const truth = { ...TRUTH, payload: 2 * CONNECTIONS, stream_closed: 2 * CONNECTIONS };
    expect(made(watch.capture.counters())).toEqual(truth);
    const { submitted, dropped } = totals(watch.capture.counters());
    expect(watch.capture.received()).toBe(submitted);
    if (ringBufferSize > 65_536) expect(dropped).toBe(0);
  });
});
