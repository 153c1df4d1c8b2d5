import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpFacts } from '../../../src/model/conversation.ts';
import { createHttp1Conversation } from '../../../src/protocols/http1/conversation.ts';
import { cut, dice, feed, type Piece } from './stream-pieces.ts';
import { listen, type Tap, tap } from './tapped.ts';

/** What the server says of an exchange. */
interface Logged {
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly statusCode: number;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
}

const log: Logged[] = [];
let server: Server;
let proxy: Tap;

const BODY = { '/chunked': 70_000, '/length': 5_000, '/none': 0, '/trailers': 300 };

beforeAll(async () => {
  server = createServer(async (incoming, reply) => {
    let requestBodyBytes = 0;
    for await (const chunk of incoming) requestBodyBytes += (chunk as Buffer).length;
    const path = new URL(incoming.url ?? '/', 'http://example.com').pathname;
    const wanted = BODY[path as keyof typeof BODY] ?? 12;
    const isHead = incoming.method === 'HEAD';
    const statusCode = path === '/none' ? 204 : 200;
    const body = Buffer.alloc(wanted, 'HTTP/1.1 200 OK\r\n\r\n');
    reply.statusCode = statusCode;
    reply.setHeader('x-id', incoming.headers['x-id'] ?? '');
    if (path === '/trailers' && !isHead) {
      reply.setHeader('trailer', 'x-sum');
      reply.addTrailers({ 'x-sum': '1' });
    }
    if (path === '/length') reply.setHeader('content-length', wanted);
    if (path === '/hints') reply.writeEarlyHints({ link: '</a.css>; rel=preload' });
    for (let at = 0; at < body.length; at += 9_000) reply.write(body.subarray(at, at + 9_000));
    const { method, url } = incoming;
    reply.end(() => {
      const responseBodyBytes = isHead || statusCode === 204 ? 0 : wanted;
      log.push({ method, target: url, statusCode, requestBodyBytes, responseBodyBytes });
    });
  });
  server.on('upgrade', (_, socket) => {
    socket.end(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nGET / HTTP/1.1\r\n\r\n',
    );
  });
  proxy = await tap(await listen(server));
});

afterAll(async () => {
  await proxy.close();
  server.close();
});

function facts(pieces: readonly Piece[]): HttpFacts[] {
  const seen: HttpFacts[] = [];
  const conversation = createHttp1Conversation({
    onExchange: (each) => seen.push(each),
    maxHeadBytes: 65_536,
  });
  feed(conversation, pieces);
  conversation.end(performance.now(), false);
  return seen;
}

const key = (each: Logged): string =>
  [each.method, each.target, each.statusCode, each.requestBodyBytes, each.responseBodyBytes].join(' ');

const connections = () => proxy.connections.splice(0);

test('every exchange that the server logged is told, as it logged it, however the bytes are cut', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const roll = dice(1);
  const paths = [...Object.keys(BODY), '/hints', '/x?y=/z'];
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const method = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE'][i % 5] ?? 'GET';
      const path = `${paths[roll(paths.length)]}${i % 7 === 0 ? '?q=a%20b' : ''}`;
      const expects = method === 'PUT' && i % 2 === 0 ? { expect: '100-continue' } : {};
      const headers = { 'x-id': String(i), 'x-long': 'v'.repeat(roll(6000)), ...expects };
      const sent = request({ port: proxy.port, host: '127.0.0.1', method, path, agent, headers });
      if ('expect' in expects) {
        sent.flushHeaders();
        await once(sent, 'continue');
      }
      if (method === 'POST' || method === 'PUT')
        for (let n = roll(4); n > 0; n--) sent.write(Buffer.alloc(roll(9000), 'b'));
      sent.end();
      const [reply] = (await once(sent, 'response')) as [IncomingMessage];
      reply.resume();
      await once(reply, 'end');
    }),
  );
  agent.destroy();
  const expected = log.splice(0).map(key).sort();
  expect(expected).toHaveLength(200);
  const recorded = connections();
  for (const longest of [Number.POSITIVE_INFINITY, 1400, 7]) {
    const seen = recorded.flatMap((pieces) =>
      facts(longest === Number.POSITIVE_INFINITY ? pieces : cut(pieces, roll, longest)),
    );
    expect(seen.map((each) => key(each as Logged)).sort()).toEqual(expected);
    expect(
      seen.every(
        ({ outcome, partial, durationMs }) => outcome === 'complete' && !partial && (durationMs ?? -1) >= 0,
      ),
    ).toBe(true);
    for (const { requestHeaders, responseHeaders } of seen) {
      const id = (fields: HttpFacts['requestHeaders']) => fields.find(([name]) => name === 'x-id')?.[1];
      expect(id(responseHeaders)).toBe(id(requestHeaders));
    }
  }
});

test('an upgrade ends it', async () => {
  const headers = { connection: 'upgrade', upgrade: 'echo' };
  const sent = request({ port: proxy.port, host: '127.0.0.1', path: '/up', headers });
  sent.end();
  const [reply, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, NodeJS.WritableStream];
  expect(reply.statusCode).toBe(101);
  socket.end();
  const [pieces] = connections();
  expect(facts(pieces ?? [])).toMatchObject([
    { target: '/up', statusCode: 101, outcome: 'upgraded', partial: false },
  ]);
});
