import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { ContentEvent } from '../../src/model/event.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tell } from '../support/content-watch.ts';
import { startNginx } from '../support/nginx.ts';

const SERVER = fileURLToPath(new URL('../support/upgrade-server.ts', import.meta.url));
const HOST = { namespace: 'host' } as const;

describeContents('HTTP/1 live: what a connection can become', (lab) => {
  const serve = (): Promise<number> => lab.sandbox.start([process.execPath, SERVER], HOST).number();
  const curl = (...args: string[]): Promise<string> =>
    lab.sandbox.start(['curl', '-sS', ...args], HOST).end();

  /** What each end told, in order. */
  function told(events: readonly ContentEvent[], role: string): string[] {
    return events.filter((event) => event.role === role).map(tell);
  }

  it('100-continue, chunks, HEAD: one exchange each', async () => {
    const watch = lab.watch();
    const url = `http://127.0.0.1:${await serve()}`;
    await curl(
      '-H',
      'Expect: 100-continue',
      '--data-binary',
      'x'.repeat(3000),
      `${url}/upload`,
      `${url}/again`,
    );
    await curl('-I', `${url}/head`);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const lines = [
      'POST /upload 200 3000 9 complete',
      'POST /again 200 3000 9 complete',
      'HEAD /head 200 0 0 complete',
    ];
    for (const role of ['client', 'server']) expect(told(events, role)).toEqual(lines);
  });

  it('WebSocket: the request is upgraded, and frames are no requests', async () => {
    const watch = lab.watch();
    const port = await serve();
    const script = `const socket = new WebSocket('ws://127.0.0.1:${port}/chat');
      let answers = 0;
      socket.onopen = () => socket.send('GET / HTTP/1.1');
      socket.onmessage = () => (++answers < 3 ? socket.send('GET / HTTP/1.1') : socket.close());`;
    await lab.sandbox.start([process.execPath, '-e', script], HOST).end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    for (const role of ['client', 'server'])
      expect(told(events, role)).toEqual(['GET /chat 101 0 - upgraded']);
  });

  it('CONNECT: the tunnel, and the request inside it, at every end', async () => {
    const nginx = await startNginx({ sandbox: lab.sandbox, files: { 'small.txt': 'x'.repeat(612) } });
    const watch = lab.watch();
    const proxy = await serve();
    const target = `127.0.0.1:${nginx.port}`;
    await curl('-p', '-x', `http://127.0.0.1:${proxy}`, `http://${target}/small.txt`);
    await nginx.logged(1);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const lines = [
      `CONNECT ${target} 200 0 - upgraded`,
      'GET /small.txt 200 0 612 complete',
      'GET /small.txt 200 0 612 complete',
    ];
    for (const role of ['client', 'server']) expect(told(events, role).toSorted()).toEqual(lines);
    const ports = events.filter((event) => event.role === 'server').map((event) => event.local.port);
    expect(ports.toSorted((a, b) => a - b)).toEqual([proxy, proxy, nginx.port].toSorted((a, b) => a - b));
  });
});
