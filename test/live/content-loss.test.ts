import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { tally, tell } from '../support/content-watch.ts';
import { enterNamespace, filterArrivals } from '../support/namespaces.ts';
import { asLogged, startNginx } from '../support/nginx.ts';

const ADDRESS = '192.0.2.1';
const FILES = { 'small.txt': 'x'.repeat(612), 'middle.bin': Buffer.alloc(150_000, 66) };
const SMALL = 'GET /small.txt 200 612';
const MIDDLE = 'GET /middle.bin 200 150000';
const OFFLOADS = ['gso', 'gro', 'tso'] as const;

describeContents('loss and disorder', (lab) => {
  function offloads(state: 'on' | 'off'): void {
    for (const namespace of [lab.sandbox.namespaces.inside, lab.sandbox.namespaces.outside]) {
      const [command, ...args] = [
        ...enterNamespace(namespace),
        'ethtool',
        '-K',
        'wire',
        ...OFFLOADS.flatMap((name) => [name, state]),
      ] as [string, ...string[]];
      execFileSync(command, args, { stdio: 'pipe' });
    }
  }
  /** Loses so many of 1000 packets at each end. A packet in 50 is enough to disturb most conversations. */
  function lose(perMille: number): void {
    for (const namespace of [lab.sandbox.namespaces.inside, lab.sandbox.namespaces.outside])
      filterArrivals(namespace, perMille === 0 ? [] : [`numgen random mod 1000 < ${perMille} drop`]);
  }
  const LOADS = [
    { offload: 'on' as const, perMille: 10 },
    { offload: 'off' as const, perMille: 10 },
    { offload: 'off' as const, perMille: 40 },
  ];

  describe.each(LOADS)('offloads $offload, $perMille of 1000 packets lost', ({ offload, perMille }) => {
    it('HTTP/1: requests equal the log', async () => {
      offloads(offload);
      const watch = lab.watch();
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: FILES,
        address: ADDRESS,
        place: { namespace: 'outside' },
      });
      lose(perMille);
      const url = `http://${ADDRESS}:${nginx.port}`;
      await lab.sandbox.start(['ab', '-q', '-k', '-n', '600', '-c', '20', `${url}/small.txt`]).end();
      await lab.sandbox.start(['ab', '-q', '-k', '-n', '120', '-c', '20', `${url}/middle.bin`]).end();
      lose(0);
      const log = tally(await nginx.logged(720));
      const events = await watch.finish();
      for (const role of ['client', 'server']) {
        const told = events
          .filter((event) => event.role === role)
          .map(tell)
          .map(asLogged);
        const sums = tally(told);
        expect(sums[SMALL]).toBe(log[SMALL]);
        // Of a long body around which much was lost less may be known, but nothing wrong.
        const known =
          /^(?:GET|-) (?:\/small\.txt 200 612|\/middle\.bin 200 150000|(?:\/middle\.bin|-) (?:200|-) (?:0|-) (?:150000|-) (?:(?:unanswered|unasked) )?partial)$/;
        expect(told.filter((line) => !known.test(line))).toEqual([]);
        expect(sums[MIDDLE]).toBeGreaterThan(100);
        expect(sums[MIDDLE]).toBeLessThanOrEqual(log[MIDDLE] ?? 0);
      }
    });

    it('HTTP/2: requests equal what was asked', async () => {
      offloads(offload);
      const { folder } = lab.sandbox;
      for (const [name, content] of Object.entries(FILES)) writeFileSync(`${folder}/${name}`, content);
      const watch = lab.watch();
      lab.sandbox.start(['nghttpd', '--no-tls', '-a', ADDRESS, '-d', folder, '8081'], {
        namespace: 'outside',
      });
      let up = false;
      while (!up)
        up =
          (await lab.sandbox.start(['nghttp', '-n', `http://${ADDRESS}:8081/up`], { cgroup: 'none' }).ended())
            .errors === '';
      lose(perMille);
      await lab.sandbox
        .start(['h2load', '-n', '1500', '-c', '5', '-m', '20', `http://${ADDRESS}:8081/small.txt`])
        .end();
      await lab.sandbox
        .start(['h2load', '-n', '150', '-c', '3', '-m', '5', `http://${ADDRESS}:8081/middle.bin`])
        .end();
      lose(0);
      const events = await watch.finish();
      const told = (role: string): string[] =>
        events
          .filter((event) => event.role === role && event.kind === 'http' && event.http.target !== '/up')
          .map(tell);
      // Where packets arrive out of order frames may be lost sight of: then less is known, but nothing wrong.
      const known =
        /^(?:GET|-) (?:\/small\.txt (?:200|-) (?:0|-) (?:612|-)|\/middle\.bin (?:200|-) (?:0|-) (?:150000|-)|- (?:200|-) \S+ (?:612|150000|-)) (?:complete|unanswered|unasked)(?: partial)?$/;
      for (const role of ['client', 'server']) {
        expect(told(role).filter((line) => !known.test(line))).toEqual([]);
        expect(told(role).length).toBeLessThanOrEqual(1650);
        expect(told(role).length).toBeGreaterThan(1000);
      }
      // With so much lost, a request may be lost sight of at its server, too.
      if (perMille > 10) return;
      expect(tally(told('server'))).toEqual({
        'GET /small.txt 200 0 612 complete': 1500,
        'GET /middle.bin 200 0 150000 complete': 150,
      });
    });
  });

  it('HTTP/2: the first segments of many connections are lost, and the requests known all the same', async () => {
    offloads('off');
    const { folder, namespaces } = lab.sandbox;
    writeFileSync(`${folder}/small.txt`, FILES['small.txt']);
    const watch = lab.watch();
    const url = `http://${ADDRESS}:8082/small.txt`;
    lab.sandbox.start(['nghttpd', '--no-tls', '-a', ADDRESS, '-d', folder, '8082'], { namespace: 'outside' });
    while ((await lab.sandbox.start(['nghttp', '-n', url], { cgroup: 'none' }).ended()).errors !== '');
    // Those with payload: the client's preface, settings and first requests among them.
    filterArrivals(namespaces.outside, ['ip length > 60 numgen random mod 100 < 25 drop']);
    const report = await lab.sandbox.start(['h2load', '-n', '2000', '-c', '400', '-m', '3', url]).end();
    // It gives up a connection of which too much was lost.
    const succeeded = Number(/(\d+) succeeded/.exec(report)?.[1]);
    filterArrivals(namespaces.outside, []);
    const events = await watch.finish();
    const told = events.filter(({ role }) => role === 'server').map(tell);
    expect(succeeded).toBeGreaterThan(1900);
    expect(tally(told)).toEqual({ 'GET /small.txt 200 0 612 complete': succeeded + 1 });
  });
});
