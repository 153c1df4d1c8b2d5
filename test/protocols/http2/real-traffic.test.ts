import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpFacts } from '../../../src/model/conversation.ts';
import { createHttp2Conversation } from '../../../src/protocols/http2/conversation.ts';
import { cut, dice, feed, type Piece } from '../http1/stream-pieces.ts';
import { listen, type Tap, tap } from '../http1/tapped.ts';

interface Logged {
  readonly target: string;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  readonly headers: IncomingHttpHeaders;
}

const log: Logged[] = [];
let server: Http2Server;
let proxy: Tap;
const SETTINGS = { maxHeaderListSize: 65_535, maxConcurrentStreams: 200 };

beforeAll(async () => {
  server = createServer({
    settings: { ...SETTINGS, headerTableSize: 2000 },
    maxSendHeaderBlockLength: 65_535,
  });
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {});
    const target = headers[':path'] ?? '';
    let requestBodyBytes = 0;
    for await (const chunk of stream) requestBodyBytes += (chunk as Buffer).length;
    if (target.startsWith('/never')) return;
    const wanted = Number(headers['x-want'] ?? 0);
    stream.additionalHeaders({ ':status': 103, link: '</x>' });
    stream.respond(
      { ':status': 200, 'x-id': headers['x-id'], 'x-echo': headers['x-long'] },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(wanted) }));
    stream.on('close', () => {
      if (stream.rstCode === 0) log.push({ target, requestBodyBytes, responseBodyBytes: wanted, headers });
    });
    stream.end(Buffer.alloc(wanted));
  });
  server.on('sessionError', () => {});
  proxy = await tap(await listen(server));
});

afterAll(async () => {
  await proxy.close();
  server.close();
});

const open = (options = {}): ClientHttp2Session =>
  connect(`http://127.0.0.1:${proxy.port}`, {
    settings: { ...SETTINGS },
    maxSendHeaderBlockLength: 65_535,
    ...options,
  } as never);

interface Ask {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: number;
}

async function ask(session: ClientHttp2Session, { path, headers, body }: Ask): Promise<void> {
  const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
  stream.end(Buffer.alloc(body));
  stream.resume();
  await once(stream, 'close');
}

function asks(count: number, seed: number): Ask[] {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, i) => {
    const long = roll(12) === 0 ? 4000 + roll(20_000) : roll(60);
    const value = Array.from({ length: long }, () => String.fromCharCode(97 + roll(20))).join('');
    const headers = {
      'x-id': String(i),
      'x-long': value,
      'x-want': String(roll(30_000)),
      'x-same': `s${i % 3}`,
    };
    return { path: i % 5 === 0 ? '/' : `/items/${i}`, headers, body: roll(20_000) };
  });
}

function run(
  pieces: readonly Piece[],
  lateFrom = 0,
): { readonly seen: HttpFacts[]; readonly unknown: number } {
  const seen: HttpFacts[] = [];
  const conversation = createHttp2Conversation({ onExchange: (facts) => seen.push(facts as HttpFacts) });
  if (lateFrom > 0) {
    conversation.gap('client', 0, false, 0);
    conversation.gap('server', 0, false, 0);
  }
  feed(conversation, pieces.slice(lateFrom));
  conversation.end(performance.now(), false);
  return { seen, unknown: conversation.counters.unknownFields };
}

const field = (fields: HttpFacts['requestHeaders'], name: string) =>
  fields.find(([key]) => key === name)?.[1];

/** What is said of an exchange and differs from what was sent. */
function lies(facts: HttpFacts, sent: readonly Ask[]): unknown[] {
  const id = field(facts.requestHeaders, 'x-id') ?? field(facts.responseHeaders, 'x-id');
  if (id === undefined) return [];
  const { path, headers, body } = sent[Number(id)] as Ask;
  const said: readonly (readonly [unknown, unknown])[] = [
    [facts.target ?? path, path],
    [facts.requestBodyBytes ?? body, body],
    [facts.responseBodyBytes ?? Number(headers['x-want']), Number(headers['x-want'])],
    [facts.statusCode ?? 200, 200],
    [field(facts.responseHeaders, 'x-id') ?? id, id],
    ...facts.requestHeaders
      .filter(([name]) => name.startsWith('x-'))
      .map(([name, value]) => [value, headers[name]] as const),
    [field(facts.responseHeaders, 'x-echo') ?? headers['x-long'], headers['x-long']],
  ];
  return said.filter(([was, is]) => was !== is);
}

test('100 streams at a time: every one as the server logged it, however the bytes are cut', async () => {
  const session = open();
  const sent = asks(300, 5);
  for (let at = 0; at < sent.length; at += 100) {
    await Promise.all(sent.slice(at, at + 100).map((each) => ask(session, each)));
  }
  session.close();
  await once(session, 'close');
  const logged = log.splice(0);
  expect(logged).toHaveLength(300);
  const [pieces = []] = proxy.connections.splice(0);
  const roll = dice(9);
  for (const recorded of [pieces, cut(pieces, roll, 1400), cut(pieces, roll, 30)]) {
    const { seen, unknown } = run(recorded);
    expect(unknown).toBe(0);
    expect(seen).toHaveLength(300);
    expect(seen.flatMap((facts) => lies(facts, sent))).toEqual([]);
    expect(seen.every(({ outcome, partial }) => outcome === 'complete' && !partial)).toBe(true);
    const key = (each: Pick<HttpFacts, 'target' | 'requestBodyBytes' | 'responseBodyBytes'>) =>
      [each.target, each.requestBodyBytes, each.responseBodyBytes].join(' ');
    expect(seen.map((facts) => key(facts)).sort()).toEqual(logged.map(key).sort());
  }

  // Joined at any place, and with any part missing: what is told is true.
  let known = 0;
  for (let i = 0; i < 20; i++) {
    const parts = cut(pieces, roll, 8000);
    const from = 1 + roll(parts.length - 1);
    const { seen } = run(parts, from);
    expect(seen.flatMap((facts) => lies(facts, sent))).toEqual([]);
    known += seen.length;
    const holes = parts.map((part) => (roll(40) === 0 ? { ...part, lost: true } : part));
    expect(run(holes).seen.flatMap((facts) => lies(facts, sent))).toEqual([]);
  }
  expect(known).toBeGreaterThan(1000);
});

test('resets of both sides, and streams that are never answered', async () => {
  const session = open();
  session.on('error', () => {});
  const cancelled = session.request({ ':path': '/never/cancelled' });
  cancelled.on('error', () => {});
  cancelled.close(constants.NGHTTP2_CANCEL);
  const waiting = session.request({ ':path': '/never/answered' });
  waiting.on('error', () => {});
  waiting.end();
  await ask(session, { path: '/last', headers: { 'x-want': '3' }, body: 1 });
  session.destroy();
  await once(session, 'close');
  log.splice(0);
  const [pieces = []] = proxy.connections.splice(0);
  const outcomes = run(pieces).seen.map(({ target, outcome }) => `${target} ${outcome}`);
  expect(outcomes).toContain('/last complete');
  expect(outcomes).toContain('/never/cancelled reset');
  expect(outcomes.filter((each) => each.startsWith('/never/answered'))).toHaveLength(1);
});

test('a pushed response', async () => {
  const push = createServer();
  push.on('stream', (stream) => {
    stream.pushStream({ ':path': '/pushed' }, (_, pushed) => {
      pushed.respond({ ':status': 200 });
      pushed.end('12345');
    });
    stream.respond({ ':status': 200 });
    stream.end('page');
  });
  const tapped = await tap(await listen(push));
  const session = connect(`http://127.0.0.1:${tapped.port}`);
  const pushed = once(session, 'stream');
  const stream = session.request({ ':path': '/page' });
  stream.resume();
  const [other] = await pushed;
  other.resume();
  await Promise.all([once(stream, 'close'), once(other, 'close')]);
  session.close();
  await once(session, 'close');
  const { seen } = run(tapped.connections[0] ?? []);
  await tapped.close();
  push.close();
  const told = seen.map(
    ({ target, responseBodyBytes, outcome }) => `${target} ${responseBodyBytes} ${outcome}`,
  );
  expect(told.sort()).toEqual(['/page 4 complete', '/pushed 5 complete']);
});
