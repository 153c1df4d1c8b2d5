import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ContentEvent, HttpEvent } from '../../src/model/event.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES } from '../support/content-watch.ts';

const LIMIT = 100;

/** Answers with the request's body, framed as its path says; says its port. */
const ECHO = `
  require('node:http').createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    if (request.url === '/chunks') for (let at = 0; at < body.length; at += 30) response.write(body.subarray(at, at + 30));
    else response.setHeader('content-length', body.length).write(body);
    response.end();
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

const letters = (count: number): string =>
  Array.from({ length: count }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');

/** Beginnings as text, and lengths. */
function bodies(event: ContentEvent | undefined): unknown[] {
  const { requestBody, responseBody, requestBodyBytes, responseBodyBytes } = (event as HttpEvent).http;
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');
  return [text(requestBody), text(responseBody), requestBodyBytes, responseBodyBytes];
}

describeContents('HTTP bodies live, as much of them as is wanted', (lab) => {
  it.each([
    ['shorter than the limit', '/', 40],
    ['longer, in one segment', '/', 900],
    ['longer, over many segments', '/', 300_000],
    ['in chunks', '/chunks', 900],
    ['none', '/', 0],
  ])('HTTP/1, %s', async (_, path, size) => {
    const watch = lab.watch({ bodyBytes: LIMIT });
    const server = lab.sandbox.start([process.execPath, '-e', ECHO], { cgroup: 'none' });
    const url = `http://127.0.0.1:${await server.number()}${path}`;
    const file = `${lab.sandbox.folder}/body`;
    writeFileSync(file, letters(size));
    const again = ['-H', 'Expect:', '--data-binary', `@${file}`, '-o', '/dev/null', url];
    // Twice on one connection: the place behind a body that was shown is known.
    await lab.sandbox.start(['curl', '-sS', ...again, '--next', '-sS', ...again]).end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const shown = letters(Math.min(size, LIMIT));
    expect(events.map(bodies)).toEqual([
      [shown, shown, size, size],
      [shown, shown, size, size],
    ]);
  });

  it('HTTP/2', async () => {
    const watch = lab.watch({ bodyBytes: LIMIT });
    const file = `${lab.sandbox.folder}/page.txt`;
    writeFileSync(file, letters(50_000));
    lab.sandbox.start(['nghttpd', '--no-tls', '-a', '127.0.0.1', '-d', lab.sandbox.folder, '8081'], {
      cgroup: 'none',
    });
    const get = ['nghttp', '-n', '--expect-continue', 'http://127.0.0.1:8081/page.txt'];
    await lab.sandbox
      .start([
        'sh',
        '-c',
        `for i in 1 2 3 4 5 6 7 8 9; do ${get.join(' ')} && exit 0; sleep 0.2; done; exit 1`,
      ])
      .end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.filter(({ kind }) => kind === 'http').map(bodies)).toEqual([
      ['', letters(LIMIT), 0, 50_000],
    ]);
  });

  it('nothing of them where nobody wants any', async () => {
    const watch = lab.watch();
    const server = lab.sandbox.start([process.execPath, '-e', ECHO], { cgroup: 'none' });
    const url = `http://127.0.0.1:${await server.number()}/`;
    await lab.sandbox.start(['curl', '-sS', '-d', letters(60), '-o', '/dev/null', url]).end();
    const [event] = await watch.finish();
    const { requestBody, responseBody } = (event as HttpEvent).http;
    expect([requestBody, responseBody]).toEqual([undefined, undefined]);
  });
});
