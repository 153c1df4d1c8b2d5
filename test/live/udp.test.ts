import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { formatIp } from '../../src/net/ip.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const FAMILIES = [
  { family: 'v4', udp: 'udp4', loopback: '127.0.0.1', far: '198.51.100.53' },
  { family: 'v6', udp: 'udp6', loopback: '::1', far: '2001:db8:bad::53' },
  { family: 'v4-mapped', udp: 'udp6', loopback: '::ffff:127.0.0.1', far: '::ffff:198.51.100.53' },
] as const;

const ECONNREFUSED = 111;
const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(`UDP conversations ${skip ? `(SKIP: ${skip})` : ''}`, () => {
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

  const of = (pid: number): ConnectionEvent[] =>
    watch.connections.filter((event) => event.owner?.pid === pid);
  const last = (pid: number): ConnectionEvent => of(pid).at(-1) as ConnectionEvent;
  const counted = (event: ConnectionEvent): (number | undefined)[] => {
    const { stats } = event;
    return [stats?.bytesSent, stats?.segmentsSent, stats?.bytesReceived, stats?.segmentsReceived];
  };

  describe.each(FAMILIES)('$family', ({ family, udp, loopback, far }) => {
    const CLIENTS = [
      {
        name: 'unconnected',
        words: (port: number) =>
          `sendto ${loopback} ${port} 100 sendto ${loopback} ${port} 20 datagrams 2 close`,
      },
      {
        name: 'connected',
        words: (port: number) => `connect ${loopback} ${port} send 100 send 20 datagrams 2 close`,
      },
      {
        name: 'never closed',
        words: (port: number) =>
          `sendto ${loopback} ${port} 100 sendto ${loopback} ${port} 20 datagrams 2 exit`,
      },
      {
        name: 'empty datagrams count too',
        words: (port: number) => `sendto ${loopback} ${port} 120 sendto ${loopback} ${port} 0 datagrams 2`,
      },
    ];
    it.each(CLIENTS)('a client and a server that answers: $name', async ({ words }) => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const server = sandbox.peer(`${udp} bind ${loopback} 0 port answer 2 close`);
      const client = sandbox.peer(`${udp} ${words(await server.number())}`);
      await Promise.all([client.end(), server.end()]);
      await watch.caughtUp();
      expect(watch.story(client.pid)).toEqual(['attempted', 'closed:closed']);
      expect(watch.story(server.pid)).toEqual(['accepted', 'closed:closed']);
      expect(last(client.pid)).toMatchObject({ role: 'client', transport: 'udp', attribution: 'socket' });
      expect(last(server.pid)).toMatchObject({ role: 'server', transport: 'udp', attribution: 'socket' });
      expect(counted(last(client.pid))).toEqual([120, 2, 120, 2]);
      expect(counted(last(server.pid))).toEqual([120, 2, 120, 2]);
      expect(last(client.pid).local).toEqual(last(server.pid).remote);
      expect(last(client.pid).remote).toEqual(last(server.pid).local);
      expect(last(client.pid).local.ip.family).toBe(family === 'v6' ? 6 : 4);
    });

    it('connect() alone sends nothing and is nothing', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const peer = sandbox.peer(
        `${udp} connect ${far} 443 connect ${far} 444 close ${udp} connect ${far} 445`,
      );
      await peer.end();
      await watch.caughtUp();
      expect(watch.connections).toEqual([]);
    });

    it('refused by ICMP', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const peer = sandbox.peer(`${udp} connect ${far} 9 send 33 eof close`);
      await peer.end();
      await watch.caughtUp();
      expect(watch.story(peer.pid)).toEqual(['attempted', 'failed:refused', 'closed:closed']);
      const failed = of(peer.pid)[1] as ConnectionEvent;
      expect(failed).toMatchObject({
        errno: ECONNREFUSED,
        remote: { port: 9 },
        transport: 'udp',
        role: 'client',
      });
      expect(formatIp(failed.remote.ip)).toBe(far.replace('::ffff:', ''));
      // Nothing was counted for the error itself, so it makes no zeros up.
      expect(failed).not.toHaveProperty('stats');
      expect(counted(last(peer.pid))).toEqual([33, 1, 0, 0]);
    });

    it('refused again and again on one socket is one failure', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const peer = sandbox.peer(`${udp} connect ${far} 9 send 33 eof send 33 eof send 33 eof close`);
      await peer.end();
      await watch.caughtUp();
      expect(watch.story(peer.pid)).toEqual(['attempted', 'failed:refused', 'closed:closed']);
      expect(counted(last(peer.pid))).toEqual([99, 3, 0, 0]);
    });

    it('one socket, many peers: each its own conversation', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const sizes = [1, 2, 3, 4, 5, 6, 7];
      const words = sizes.flatMap((size) =>
        Array.from({ length: size }, () => `sendto ${far} ${7000 + size} ${size * 10}`),
      );
      const peer = sandbox.peer(`${udp} ${words.join(' ')} close`);
      await peer.end();
      await watch.caughtUp();
      expect(new Set(watch.connections.map((event) => event.socketId)).size).toBe(1);
      expect(watch.story(peer.pid)).toEqual([
        ...sizes.map(() => 'attempted'),
        ...sizes.map(() => 'closed:closed'),
      ]);
      const closed = watch.connections.filter((event) => event.phase === 'closed');
      expect(closed.map((event) => [event.remote.port, ...counted(event)])).toEqual(
        sizes.map((size) => [7000 + size, size * size * 10, size, 0, 0]),
      );
    });

    it('a server with many clients tells each once', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const server = sandbox.peer(`${udp} bind ${far} 0 port answer 6 close`, { namespace: 'outside' });
      const port = await server.number();
      for (let i = 0; i < 3; i++)
        await sandbox
          .peer(`${udp} connect ${far} ${port} send 5 recv 5 send 5 recv 5`, { cgroup: 'none' })
          .end();
      await server.end();
      await watch.caughtUp();
      expect(watch.story()).toEqual(['accepted', 'accepted', 'accepted', ...Array(3).fill('closed:closed')]);
      expect(new Set(watch.connections.map((event) => event.remote.port)).size).toBe(3);
      for (const event of watch.connections)
        expect(event).toMatchObject({ role: 'server', owner: { pid: server.pid } });
      for (const event of watch.connections.slice(3)) expect(counted(event)).toEqual([10, 2, 10, 2]);
    });

    it('a socket that only receives is a server', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const server = sandbox.peer(`${udp} bind ${loopback} 0 port datagrams 3 close`);
      const port = await server.number();
      await sandbox
        .peer(
          `${udp} sendto ${loopback} ${port} 8 sendto ${loopback} ${port} 8 sendto ${loopback} ${port} 8`,
          { cgroup: 'none' },
        )
        .end();
      await server.end();
      await watch.caughtUp();
      expect(watch.story(server.pid)).toEqual(['accepted', 'closed:closed']);
      expect(counted(last(server.pid))).toEqual([0, 0, 24, 3]);
    });

    it('counts a datagram in fragments as one', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const server = sandbox.peer(`${udp} bind ${far} 0 port answer 1 close`, { namespace: 'outside' });
      const client = sandbox.peer(`${udp} sendto ${far} ${await server.number()} 9000 datagrams 1 close`);
      await Promise.all([client.end(), server.end()]);
      await watch.caughtUp();
      expect(watch.story(client.pid)).toEqual(['attempted', 'closed:closed']);
      expect(watch.story(server.pid)).toEqual(['accepted', 'closed:closed']);
      for (const { pid } of [client, server]) expect(counted(last(pid))).toEqual([9000, 1, 9000, 1]);
    });
  });

  it('the core object alone tells the same, but for the refusal', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup, extra: false });
    const peer = sandbox.peer('udp4 connect 198.51.100.53 9 send 33 eof close');
    await peer.end();
    await watch.caughtUp();
    expect(watch.story(peer.pid)).toEqual(['attempted', 'closed:closed']);
    expect(counted(last(peer.pid))).toEqual([33, 1, 0, 0]);
  });
});
