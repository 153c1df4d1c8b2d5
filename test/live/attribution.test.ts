import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { mountTracefs } from '../support/tracefs.ts';

const FAMILIES = [
  { family: 'v4', tcp: 'tcp4', udp: 'udp4', loopback: '127.0.0.1' },
  { family: 'v6', tcp: 'tcp6', udp: 'udp6', loopback: '::1' },
] as const;

const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(
  `whose an accepted connection is ${skip ? `(SKIP: ${skip})` : ''}`,
  () => {
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

    const serverSide = (phase: string): Promise<ConnectionEvent> =>
      watch.connection(`${phase} by the server`, (event) => event.role === 'server' && event.phase === phase);
    const outsideCgroup = { cgroup: 'none' } as const;

    describe.each(FAMILIES)('$family', ({ tcp, udp, loopback }) => {
      const HOWS = [
        { how: 'it reads', work: 'recv 5 say worked wait', extra: true },
        { how: 'it writes', work: 'send 5 say worked wait', extra: true },
        { how: 'it only closes', work: 'say worked wait close', extra: true },
        { how: 'it only ends', work: 'say worked wait', extra: true },
        {
          how: 'it reads and closes (core object alone)',
          work: 'recv 5 say worked wait close',
          extra: false,
        },
        { how: 'it reads and ends (core object alone)', work: 'recv 5 say worked wait', extra: false },
      ];
      it.each(HOWS)('listener at first, the worker once known: $how', async ({ work, extra }) => {
        const unmount = mountTracefs();
        try {
          watch = watchCgroup({ cgroup: sandbox.cgroup, extra });
          const server = sandbox.peer(`${tcp} bind ${loopback} 0 listen port fork pid accept ${work}`);
          const port = await server.number();
          const worker = await server.number();
          const client = sandbox.peer(
            `${tcp} connect ${loopback} ${port} send 5 say sent wait`,
            outsideCgroup,
          );
          const accepted = await serverSide('accepted');
          expect(accepted).toMatchObject({ attribution: 'listener', owner: { pid: server.pid } });
          expect(await server.line()).toBe('worked');
          server.go();
          await server.end();
          const closed = await serverSide('closed');
          expect(closed).toMatchObject({ attribution: 'worker', owner: { pid: worker } });
          client.go();
          await client.end();
        } finally {
          await watch.stop();
          unmount();
        }
      });

      it('the worker’s parent, start and exec come with it', async () => {
        watch = watchCgroup({ cgroup: sandbox.cgroup });
        const server = sandbox.peer(`${tcp} bind ${loopback} 0 listen port fork pid accept recv 5 eof close`);
        const port = await server.number();
        const worker = await server.number();
        await sandbox.peer(`${tcp} connect ${loopback} ${port} send 5 close`, outsideCgroup).end();
        const [accepted, closed] = [await serverSide('accepted'), await serverSide('closed')];
        expect(closed.owner).toMatchObject({
          pid: worker,
          parentPid: server.pid,
          execId: accepted.owner?.execId,
        });
        expect(closed.owner?.startNs).toBeGreaterThan(accepted.owner?.startNs ?? 0);
        expect(closed.local).toEqual(accepted.local);
        expect(closed.socketId).toBe(accepted.socketId);
      });

      it.each([true, false])(
        'a server that ends without a word keeps its exec (extra: %s)',
        async (extra) => {
          const unmount = mountTracefs();
          try {
            watch = watchCgroup({ cgroup: sandbox.cgroup, extra });
            const server = sandbox.peer(`${tcp} bind ${loopback} 0 listen port accept exit`);
            const port = await server.number();
            await sandbox.peer(`${tcp} connect ${loopback} ${port} eof`, outsideCgroup).end();
            const [accepted, closed] = [await serverSide('accepted'), await serverSide('closed')];
            expect(accepted.owner?.execId).toBeGreaterThan(0);
            expect(closed).toMatchObject({ attribution: 'worker', owner: accepted.owner });
          } finally {
            await watch.stop();
            unmount();
          }
        },
      );

      it('a connection handed to a child after accept', async () => {
        watch = watchCgroup({ cgroup: sandbox.cgroup });
        const server = sandbox.peer(
          `${tcp} bind ${loopback} 0 listen port accept fork pid recv 5 send 5 eof close`,
        );
        const port = await server.number();
        await sandbox.peer(`${tcp} connect ${loopback} ${port} send 5 recv 5 close`, outsideCgroup).end();
        const child = await server.number();
        expect(await serverSide('accepted')).toMatchObject({
          attribution: 'listener',
          owner: { pid: server.pid },
        });
        expect(await serverSide('closed')).toMatchObject({ attribution: 'worker', owner: { pid: child } });
      });

      it('a connection that a child uses stays its opener’s', async () => {
        watch = watchCgroup({ cgroup: sandbox.cgroup });
        const server = sandbox.peer(`${tcp} bind ${loopback} 0 listen port accept eof close`, outsideCgroup);
        const client = sandbox.peer(
          `${tcp} connect ${loopback} ${await server.number()} fork pid send 5 close`,
        );
        await client.number();
        await Promise.all([client.end(), server.end()]);
        await watch.caughtUp();
        expect(watch.story(client.pid)).toEqual(['attempted', 'established', 'closed:closed']);
        expect(watch.connections.map((event) => event.attribution)).toEqual(['socket', 'socket', 'socket']);
      });

      it('a listener older than the capture, whose process was named', async () => {
        const server = sandbox.peer(`uid 4242 ${tcp} bind ${loopback} 0 listen port accept recv 5 eof close`);
        const port = await server.number();
        const seeded = { pid: server.pid, parentPid: process.pid, startNs: 123_456_789, execId: 77 };
        watch = watchCgroup({ cgroup: sandbox.cgroup, seedProcesses: () => [seeded] });
        await sandbox.peer(`${tcp} connect ${loopback} ${port} send 5 close`, outsideCgroup).end();
        const [accepted, closed] = [await serverSide('accepted'), await serverSide('closed')];
        expect(accepted).toMatchObject({
          attribution: 'preexisting',
          owner: { ...seeded, uid: 4242, comm: 'peer' },
        });
        expect(closed).toMatchObject({
          attribution: 'worker',
          owner: { ...seeded, uid: 4242 },
          stats: { bytesReceived: 5 },
        });
      });

      it('a listener older than the capture, of which nothing is known', async () => {
        const server = sandbox.peer(`${tcp} bind ${loopback} 0 listen port accept recv 5 eof close`);
        const port = await server.number();
        watch = watchCgroup({ cgroup: sandbox.cgroup });
        await sandbox.peer(`${tcp} connect ${loopback} ${port} send 5 close`, outsideCgroup).end();
        const [accepted, closed] = [await serverSide('accepted'), await serverSide('closed')];
        expect(accepted).toMatchObject({ attribution: 'unknown', owner: undefined });
        expect(closed).toMatchObject({
          attribution: 'worker',
          owner: { pid: server.pid, startNs: 0, execId: 0 },
        });
      });

      it('a UDP server older than the capture', async () => {
        const server = sandbox.peer(`${udp} bind ${loopback} 0 port answer 1 close`);
        const port = await server.number();
        const seeded = { pid: server.pid, parentPid: process.pid, startNs: 1, execId: 78 };
        watch = watchCgroup({ cgroup: sandbox.cgroup, seedProcesses: () => [seeded] });
        await sandbox.peer(`${udp} sendto ${loopback} ${port} 5 datagrams 1`, outsideCgroup).end();
        expect(await serverSide('accepted')).toMatchObject({
          attribution: 'preexisting',
          owner: seeded,
          transport: 'udp',
        });
        await serverSide('closed');
      });

      it('a client older than the capture: its next connection counts, its old one is left alone', async () => {
        const server = sandbox.peer(
          `${tcp} bind ${loopback} 0 listen port accept recv 1 accept close`,
          outsideCgroup,
        );
        const port = await server.number();
        const client = sandbox.peer(
          `${tcp} connect ${loopback} ${port} say there wait send 1 close ${tcp} connect ${loopback} ${port} eof close`,
        );
        await client.line();
        const seeded = { pid: client.pid, parentPid: process.pid, startNs: 5, execId: 79 };
        watch = watchCgroup({ cgroup: sandbox.cgroup, seedProcesses: () => [seeded] });
        client.go();
        await client.end();
        await watch.caughtUp();
        expect(watch.story(client.pid)).toEqual(['attempted', 'established', 'closed:closed']);
        expect(watch.connections[0]).toMatchObject({ attribution: 'socket', owner: seeded });
      });
    });
  },
);
