import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, startNginx } from '../support/nginx.ts';
import type { Place } from '../support/sandbox.ts';

const HOST: Place = { namespace: 'host' };
const UNSEEN: Place = { namespace: 'host', cgroup: 'none' };
/** A thread that moves to another CPU makes loopback deliver out of order: disorder has tests of its own (content-loss). */
const ONE_CPU = ['taskset', '-c', '0'];
const FILES = {
  'small.txt': 'x'.repeat(100),
  'middle.txt': 'y'.repeat(5000),
  'large.bin': 'z'.repeat(2_000_000),
};

async function listens(port: number): Promise<void> {
  let isUp = false;
  const attempt = (): void => {
    const socket = connect({ port, host: '127.0.0.1' })
      .on('connect', () => {
        isUp = true;
        socket.destroy();
      })
      .on('error', () => setTimeout(attempt, 20));
  };
  attempt();
  await eventually(() => isUp, `a listener on port ${port}`);
}

describeContents('HTTP/2 live', (lab) => {
  /** nghttpd on a free port; without TLS it also speaks HTTP/1 to upgrade from. */
  async function nghttpd(place: Place): Promise<number> {
    const { folder } = lab.sandbox;
    for (const [name, content] of Object.entries(FILES)) writeFileSync(`${folder}/${name}`, content);
    const port = await freePort();
    lab.sandbox.start(
      [...ONE_CPU, 'nghttpd', '--no-tls', '-a', '127.0.0.1', '-d', folder, '--echo-upload', String(port)],
      place,
    );
    await listens(port);
    return port;
  }
  const paths = (port: number, ...names: readonly string[]): string[] =>
    names.map((name) => `http://127.0.0.1:${port}/${name}`);
  /** So many requests in turn for each of the paths, as h2load makes them. */
  const turns = (count: number, ends: number, ...lines: readonly string[]): Record<string, number> =>
    Object.fromEntries(lines.map((line) => [line, (count / lines.length) * ends]));

  it.each([
    { observed: 'server', client: UNSEEN, server: HOST, ends: 1 },
    { observed: 'client', client: HOST, server: UNSEEN, ends: 1 },
    { observed: 'both', client: HOST, server: HOST, ends: 2 },
  ])('100 concurrent streams on one connection ($observed observed)', async ({ client, server, ends }) => {
    const watch = lab.watch();
    const port = await nghttpd(server);
    await lab.sandbox
      .start(
        [
          ...ONE_CPU,
          'h2load',
          '-n',
          '10000',
          '-c',
          '1',
          '-m',
          '100',
          ...paths(port, 'small.txt', 'middle.txt'),
        ],
        client,
      )
      .end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(tally(events.map(tell))).toEqual(
      turns(10_000, ends, 'GET /small.txt 200 0 100 complete', 'GET /middle.txt 200 0 5000 complete'),
    );
    for (const event of events) expect(event.role).toMatch(client === HOST ? /client|server/ : /server/);
  });

  it('several connections, large DATA interleaved', async () => {
    const watch = lab.watch();
    const port = await nghttpd(HOST);
    await lab.sandbox
      .start(
        [
          ...ONE_CPU,
          'h2load',
          '-n',
          '2000',
          '-c',
          '8',
          '-m',
          '30',
          ...paths(port, 'small.txt', 'middle.txt'),
        ],
        HOST,
      )
      .end();
    await lab.sandbox
      .start([...ONE_CPU, 'h2load', '-n', '60', '-c', '3', '-m', '10', ...paths(port, 'large.bin')], HOST)
      .end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(tally(events.map(tell))).toEqual({
      ...turns(2000, 2, 'GET /small.txt 200 0 100 complete', 'GET /middle.txt 200 0 5000 complete'),
      'GET /large.bin 200 0 2000000 complete': 120,
    });
    // 120 ends of 2 MB each cost little more than their heads.
    expect(watch.counters().payload?.submitted).toBeLessThan(20_000);
  });

  it('uploads', async () => {
    const watch = lab.watch();
    const port = await nghttpd(HOST);
    for (const name of ['small.txt', 'middle.txt', 'large.bin'])
      await lab.sandbox
        .start(
          [
            ...ONE_CPU,
            'h2load',
            '-n',
            '20',
            '-c',
            '2',
            '-m',
            '5',
            '-d',
            `${lab.sandbox.folder}/${name}`,
            ...paths(port, `up?${name}`),
          ],
          HOST,
        )
        .end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const sums = tally(events.map(tell));
    // h2load states no length: of what was left out of long bodies only user space that saw DATA frames whole knows.
    expect(Object.values(sums).reduce((a, b) => a + b)).toBe(120);
    expect(sums).toMatchObject({ 'POST /up?small.txt 200 100 100 complete': 40 });
    for (const line of Object.keys(sums)) expect(line).toMatch(/^POST \/up\?\S+ 200 \S+ \S+ complete$/);
  });

  it('upgraded from HTTP/1', async () => {
    const watch = lab.watch();
    const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES, place: UNSEEN });
    const port = await freePort();
    // nghttpx lets clients upgrade; what it asks nginx is not looked at.
    const proxy = [
      'nghttpx',
      '-f',
      `127.0.0.1,${port};no-tls`,
      '-b',
      `127.0.0.1,${nginx.port}`,
      '--conf',
      '/dev/null',
    ];
    lab.sandbox.start([...proxy, '--workers', '1'], UNSEEN);
    await listens(port);
    await lab.sandbox
      .start(['nghttp', '-n', '-u', ...paths(port, 'small.txt', 'middle.txt', 'missing')], HOST)
      .end();
    await lab.sandbox.start(['nghttp', '-n', '-u', ...paths(port, 'large.bin', 'small.txt')], HOST).end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(tally(events.map((event) => tell(event).replace(/ - 153 /, ' 0 153 ')))).toEqual({
      'GET /small.txt 101 0 - upgraded': 1,
      'GET /large.bin 101 0 - upgraded': 1,
      'GET /small.txt 200 0 100 complete': 2,
      'GET /middle.txt 200 0 5000 complete': 1,
      'GET /missing 404 0 153 complete': 1,
      'GET /large.bin 200 0 2000000 complete': 1,
    });
  });

  describe('joined late', () => {
    it('what cannot be known is not made up', async () => {
      const port = await nghttpd(HOST);
      const load = lab.sandbox.start(
        [
          ...ONE_CPU,
          'h2load',
          '-D',
          '4',
          '--rps',
          '500',
          '-c',
          '1',
          '-m',
          '10',
          ...paths(port, 'small.txt', 'middle.txt'),
        ],
        HOST,
      );
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const watch = lab.watch();
      await load.end();
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(events.length).toBeGreaterThan(0);
      const sums = tally(events.map((event) => tell(event)));
      for (const line of Object.keys(sums))
        expect(line).toMatch(
          /^(?:GET|-) (?:\/small.txt|\/middle.txt|-) (?:200|-) (?:0|-) (?:100|5000|-) (?:complete|unasked|unanswered)(?: partial)?$/,
        );
    });
  });
});
