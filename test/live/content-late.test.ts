import { on, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tell } from '../support/content-watch.ts';
import { asLogged, startNginx } from '../support/nginx.ts';
import type { Place } from '../support/sandbox.ts';

const HOST: Place = { namespace: 'host' };
const UNSEEN: Place = { namespace: 'host', cgroup: 'none' };
const FILES = { 'small.txt': 'x'.repeat(612), 'large.bin': Buffer.alloc(8_000_000, 66) };

/** Waits for an answer with a body of so many bytes. nginx logs it earlier: when the last of it waits to be sent. */
async function answer(socket: Socket, size: number): Promise<void> {
  const head: Buffer[] = [];
  let missing = Number.NaN;
  for await (const [data] of on(socket, 'data')) {
    const bytes = data as Buffer;
    if (Number.isNaN(missing)) {
      head.push(bytes);
      const seen = Buffer.concat(head);
      const end = seen.indexOf('\r\n\r\n');
      if (end >= 0) missing = size - (seen.length - end - 4);
    } else missing -= bytes.length;
    if (missing <= 0) return;
  }
}

describeContents('who speaks, and since when', (lab) => {
  const ask = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: www.example.com\r\n\r\n`;

  it('a connection older than telegen: from the next request on, all is known', async () => {
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
    const socket = connect({ port: nginx.port, host: '127.0.0.1' });
    await once(socket, 'connect');
    socket.write(ask('/small.txt?before'));
    await answer(socket, 612);
    await nginx.logged(1);
    const watch = lab.watch();
    for (const [target, size] of [
      ['/small.txt?1', 612],
      ['/large.bin', 8_000_000],
      ['/small.txt?2', 612],
    ] as const) {
      socket.write(ask(target));
      await answer(socket, size);
    }
    await nginx.logged(4);
    const events = await watch.finish();
    socket.destroy();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(tell).map(asLogged)).toEqual(nginx.log().slice(1));
    for (const event of events) expect(event).toMatchObject({ role: 'server', local: { port: nginx.port } });
  });

  it('in the middle of a body: what it belongs to is not made up', async () => {
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES, server: 'limit_rate 1000000;' });
    const curl = lab.sandbox.start(
      [
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        `http://127.0.0.1:${nginx.port}/large.bin`,
        '-o',
        '/dev/null',
        `http://127.0.0.1:${nginx.port}/small.txt`,
      ],
      HOST,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const watch = lab.watch();
    await curl.end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    for (const role of ['client', 'server']) {
      const told = events.filter((event) => event.role === role).map(tell);
      expect(told.at(-1)).toBe('GET /small.txt 200 0 612 complete');
      expect(told.length).toBeLessThanOrEqual(2);
    }
  });

  it('the client’s process, and the worker that serves', async () => {
    const watch = lab.watch();
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
    const curl = lab.sandbox.start(
      ['curl', '-sS', '-o', '/dev/null', `http://127.0.0.1:${nginx.port}/small.txt`],
      HOST,
    );
    await curl.end();
    const events = await watch.finish();
    const [client, server] = ['client', 'server'].map((role) => events.find((event) => event.role === role));
    expect(client).toMatchObject({
      attribution: 'socket',
      owner: { pid: curl.pid, comm: 'curl' },
      remote: { port: nginx.port },
    });
    expect(server).toMatchObject({
      attribution: 'worker',
      owner: { parentPid: nginx.pid, comm: 'nginx' },
      local: { port: nginx.port },
    });
    expect(client?.local).toEqual(server?.remote);
  });

  it('a listener older than telegen', async () => {
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
    const watch = lab.watch();
    await lab.sandbox
      .start(['curl', '-sS', '-o', '/dev/null', `http://127.0.0.1:${nginx.port}/small.txt`], UNSEEN)
      .end();
    const events = await watch.finish();
    expect(events.map(tell)).toEqual(['GET /small.txt 200 0 612 complete']);
    expect(events[0]).toMatchObject({
      role: 'server',
      attribution: 'worker',
      owner: { comm: 'nginx' },
    });
  });

  it.each([
    {
      family: 'v6',
      address: '[2001:db8:1::1]',
      url: (port: number) => `http://[2001:db8:1::1]:${port}/small.txt`,
    },
    { family: 'v4-mapped', address: '[::]', url: (port: number) => `http://192.0.2.1:${port}/small.txt` },
  ])('another network namespace of the cgroup, $family', async ({ address, family, url }) => {
    const watch = lab.watch();
    const nginx = await startNginx({
      sandbox: lab.sandbox,
      files: FILES,
      address,
      listen: family === 'v6' ? '' : 'ipv6only=off',
      place: { namespace: 'outside' },
    });
    await lab.sandbox
      .start([
        'curl',
        '-g',
        '-sS',
        '-o',
        '/dev/null',
        url(nginx.port),
        '-o',
        '/dev/null',
        url(nginx.port).replace('small.txt', 'large.bin'),
      ])
      .end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    for (const role of ['client', 'server']) {
      const own = events.filter((event) => event.role === role);
      expect(own.map(tell)).toEqual([
        'GET /small.txt 200 0 612 complete',
        'GET /large.bin 200 0 8000000 complete',
      ]);
      for (const event of own) expect(event.local.ip.family).toBe(family === 'v6' ? 6 : 4);
    }
  });
});
