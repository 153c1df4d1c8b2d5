import { describe, expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { asLogged, startNginx } from '../support/nginx.ts';
import { ringClient } from '../support/programs.ts';
import { exchange } from '../support/raw-exchange.ts';

const SMALL = 'x'.repeat(612);
const LARGE = Buffer.alloc(3_000_000, 66);
const FILES = { 'small.txt': SMALL, 'large.bin': LARGE, 'empty.txt': '' };

describeContents('HTTP/1 live: nginx as logged', (lab) => {
  describe.each(['on', 'off'])('nginx, sendfile %s', (sendfile) => {
    it('every request of curl, as logged', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: FILES,
        http: `sendfile ${sendfile};`,
        server: 'location /nothing { return 204; }',
      });
      const url = `http://127.0.0.1:${nginx.port}`;
      const names = [
        'small.txt',
        'large.bin',
        'empty.txt',
        'missing',
        'nothing',
        'small.txt?q=1',
        'large.bin',
        'small.txt',
      ];
      const outs = names.flatMap(() => ['-o', '/dev/null']);
      await lab.sandbox
        .start(['curl', '-sS', ...names.map((name) => `${url}/${name}`), ...outs], { namespace: 'host' })
        .end();
      await lab.sandbox
        .start(['curl', '-sSI', `${url}/large.bin`, `${url}/small.txt`], { namespace: 'host' })
        .end();
      await lab.sandbox
        .start(['curl', '-sS', '-z', '2099-01-01', `${url}/small.txt`, `${url}/small.txt`], {
          namespace: 'host',
        })
        .end();
      const log = await nginx.logged(12);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const of = (role: string): string[] =>
        events
          .filter((event) => event.role === role)
          .map(tell)
          .map(asLogged);
      expect(of('server')).toEqual(log);
      expect(of('client')).toEqual(log);
    });

    it.each([
      { observed: 'the server', client: 'none', server: undefined, roles: ['server'] },
      { observed: 'the client', client: undefined, server: 'none', roles: ['client'] },
      { observed: 'both ends', client: undefined, server: undefined, roles: ['client', 'server'] },
    ])('thousands of requests of wrk and ab, $observed observed', async ({ client, server, roles }) => {
      const watch = lab.watch();
      const at = (cgroup: string | undefined) => ({ namespace: 'host' as const, ...(cgroup && { cgroup }) });
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: FILES,
        http: `sendfile ${sendfile};`,
        place: at(server),
      });
      const url = `http://127.0.0.1:${nginx.port}`;
      await lab.sandbox
        .start(['ab', '-q', '-k', '-n', '3000', '-c', '32', `${url}/small.txt`], at(client))
        .end();
      await lab.sandbox
        .start(['ab', '-q', '-n', '1000', '-c', '16', `${url}/small.txt?once`], at(client))
        .end();
      await lab.sandbox
        .start(['ab', '-q', '-k', '-n', '100', '-c', '8', `${url}/large.bin`], at(client))
        .end();
      const log = await nginx.logged(4100);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      for (const role of roles)
        expect(
          tally(
            events
              .filter((event) => event.role === role)
              .map(tell)
              .map(asLogged),
          ),
        ).toEqual(tally(log));
      expect(events).toHaveLength(roles.length * 4100);
    });
  });

  it('pipelined over one connection, also HEAD, 304 and 204 among them', async () => {
    const watch = lab.watch();
    const nginx = await startNginx({
      sandbox: lab.sandbox,
      files: FILES,
      server: 'location /nothing { return 204; }',
    });
    const ask = (method: string, target: string, more = ''): string =>
      `${method} ${target} HTTP/1.1\r\nHost: www.example.com\r\n${more}\r\n`;
    const one = [
      ask('GET', '/small.txt'),
      ask('HEAD', '/large.bin'),
      ask('GET', '/nothing'),
      ask('GET', '/large.bin'),
      ask('GET', '/small.txt', 'If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT\r\n'),
      ask('HEAD', '/small.txt'),
      ask('GET', '/small.txt?2'),
      ask('GET', '/missing'),
    ].join('');
    const last = `GET /last HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n`;
    await exchange(nginx.port, [one.repeat(12) + last]);
    const log = await nginx.logged(97);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(tell).map(asLogged)).toEqual(log);
  });

  it('a listener with TCP_DEFER_ACCEPT', async () => {
    const watch = lab.watch();
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES, listen: 'deferred' });
    const url = `http://127.0.0.1:${nginx.port}`;
    await lab.sandbox
      .start(['ab', '-q', '-n', '2000', '-c', '16', `${url}/small.txt`], {
        cgroup: 'none',
        namespace: 'host',
      })
      .end();
    await lab.sandbox
      .start(['ab', '-q', '-k', '-n', '2000', '-c', '16', `${url}/small.txt`], {
        cgroup: 'none',
        namespace: 'host',
      })
      .end();
    const log = await nginx.logged(4000);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(tally(events.map(tell).map(asLogged))).toEqual(tally(log));
  });

  it('chunked and gzip answers', async () => {
    const watch = lab.watch();
    const nginx = await startNginx({
      sandbox: lab.sandbox,
      files: { 'page.txt': 'telegen '.repeat(40_000) },
      http: 'gzip on; gzip_types text/plain; gzip_min_length 1; gzip_comp_level 1;',
    });
    const url = `http://127.0.0.1:${nginx.port}/page.txt`;
    await lab.sandbox
      .start(
        [
          'curl',
          '-sS',
          ...Array.from({ length: 50 }, (_, i) => `${url}?${i}`),
          '-H',
          'Accept-Encoding: gzip',
          ...Array.from({ length: 50 }, () => ['-o', '/dev/null']).flat(),
        ],
        { namespace: 'host' },
      )
      .end();
    const log = await nginx.logged(50);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const heads = log.map((line) => line.split(' ').slice(0, 3).join(' '));
    for (const role of ['client', 'server'])
      expect(
        events
          .filter((event) => event.role === role)
          .map((event) => tell(event).split(' ').slice(0, 3).join(' ')),
      ).toEqual(heads);
    for (const event of events) expect(tell(event)).toMatch(/ complete$/);
  });

  it('a client of io_uring: its requests as logged, and it as their owner', async () => {
    const watch = lab.watch();
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES, place: { cgroup: 'none' } });
    const client = lab.sandbox.start([ringClient(), '127.0.0.1', `${nginx.port}`, '20'], {
      namespace: 'host',
    });
    await client.end();
    const log = await nginx.logged(20);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(tell).map(asLogged)).toEqual(log);
    for (const event of events)
      expect(event).toMatchObject({ role: 'client', owner: { pid: client.pid, comm: 'ring_client' } });
  });
});
