import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type HttpServer,
  type HttpServerOptions,
  openHttpServer,
} from '../../../src/telemetry/export/http-server.ts';
import { eventually } from '../../support/eventually.ts';

const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');
let open: HttpServer | undefined;
const sockets: Socket[] = [];

async function serve(limits: HttpServerOptions['limits'] = {}, address = '127.0.0.1'): Promise<HttpServer> {
  const type = 'text/plain';
  open = await openHttpServer({
    address,
    port: 0,
    limits,
    routes: {
      '/ok': ({ accept, query }) => ({ status: 200, type, body: `${accept ?? ''} ${query.get('q') ?? ''}` }),
      '/large': () => ({ status: 200, type, body: LARGE }),
      '/broken': () => {
        throw new Error('out of order');
      },
    },
  });
  return open;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await open?.close();
  open = undefined;
});

/** A client that says exactly this, and what it hears. */
function raw(
  port: number,
  text: string,
  host = '127.0.0.1',
): { socket: Socket; heard: () => string; closed: () => boolean } {
  const socket = connect(port, host);
  sockets.push(socket);
  let heard = '';
  let closed = false;
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  socket.write(text);
  return { socket, heard: () => heard, closed: () => closed };
}

async function answerTo(port: number, text: string): Promise<string> {
  const { heard } = raw(port, text);
  await eventually(
    () => heard().includes('\r\n\r\n'),
    () => `an answer to ${text}`,
  );
  return heard().split('\r\n', 1)[0] ?? '';
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

test('a route gets what the client sent', async () => {
  const { port, counters } = await serve();
  const response = await fetch(`http://127.0.0.1:${port}/ok?q=1`, { headers: { accept: 'text/x' } });
  expect([response.status, await response.text()]).toEqual([200, 'text/x 1']);
  await eventually(() => counters.answered === 1, 'the answer to be counted');
});

test.each([
  ['an unknown path', get('/nothing'), '404'],
  ['a path out of the prototype', get('/__proto__'), '404'],
  ['another method', 'POST /ok HTTP/1.1\r\nHost: localhost\r\ncontent-length: 0\r\n\r\n', '405'],
  ['a body', get('/ok', 'content-length: 5\r\n'), '413'],
  ['a route that fails', get('/broken'), '500'],
  ['a name that a browser was led to', 'GET /ok HTTP/1.1\r\nHost: evil.example.com\r\n\r\n', '403'],
  ['an address as name', 'GET /ok HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n', '200'],
  ['an IPv6 address as name', 'GET /ok HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', '200'],
  ['HEAD', 'HEAD /ok HTTP/1.1\r\nHost: localhost\r\n\r\n', '200'],
])('%s', async (_, request, status) => {
  const { port } = await serve();
  expect(await answerTo(port, request)).toContain(` ${status} `);
});

test('an address that is not here is an error with its code', async () => {
  await expect(openHttpServer({ address: '203.0.113.1', port: 0, routes: {} })).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
  });
});

describe('whatever clients do', () => {
  test('no HTTP, or a head too large: cut off', async () => {
    const { port, counters } = await serve();
    const clients = [raw(port, 'nonsense\r\n\r\n'), raw(port, get('/ok', `x: ${'y'.repeat(9_000)}\r\n`))];
    await eventually(() => clients.every(({ closed }) => closed()), 'both to be cut off');
    expect(counters.broken).toBe(2);
  });

  test('a head that never ends: cut off', async () => {
    const { port } = await serve({ timeoutMs: 200, keepAliveMs: 200 });
    const { closed } = raw(port, 'GET /ok HTTP/1.1\r\nHost: loc');
    await eventually(closed, 'the slow client to be cut off');
  });

  test('an answer that nobody takes: given up, and its place is free again', async () => {
    const { port, counters } = await serve({ timeoutMs: 300, maxAnswers: 1 });
    const slow = connect(port, '127.0.0.1');
    sockets.push(slow);
    slow.on('error', () => {});
    await once(slow, 'connect');
    slow.pause();
    slow.write(get('/large'));
    const during = await answerTo(port, get('/ok'));
    expect(during).toMatch(/ (503|200) /);
    await eventually(() => counters.broken === 1, 'the answer to be given up');
    expect(await answerTo(port, get('/ok'))).toContain(' 200 ');
  });

  test('more connections than there is room for: the rest is closed at once', async () => {
    const { port } = await serve({ maxConnections: 2 });
    const clients = Array.from({ length: 5 }, () => raw(port, 'GET '));
    await eventually(() => clients.filter(({ closed }) => closed()).length === 3, 'three to be turned away');
  });

  test('closing ends all of them', async () => {
    const server = await serve();
    const { closed } = raw(server.port, 'GET ');
    await eventually(() => sockets[0]?.readyState === 'open', 'the connection');
    await server.close();
    await eventually(closed, 'the client to be closed');
  });
});
