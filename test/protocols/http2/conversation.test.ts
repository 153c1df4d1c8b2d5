import { describe, expect, test } from 'vitest';
import type { GrpcFacts, HttpFacts } from '../../../src/model/conversation.ts';
import { createHttp2Conversation, type Http2Options } from '../../../src/protocols/http2/conversation.ts';
import { FRAME } from '../../../src/protocols/http2/frames.ts';
import { feed, type Piece } from '../http1/stream-pieces.ts';
import {
  block,
  data,
  endHeaders,
  endStream,
  frame,
  goAway,
  headers,
  insertingBlock,
  join,
  message,
  opening,
  padded,
  priority,
  request,
  reset,
  settings,
  settingsAck,
  status,
} from './frame-builder.ts';

type Facts = HttpFacts | GrpcFacts;
const both = endHeaders | endStream;

const client = (timeMs: number, ...frames: Uint8Array[]): Piece => ({
  side: 'client',
  bytes: join(...frames),
  timeMs,
});
const server = (timeMs: number, ...frames: Uint8Array[]): Piece => ({
  side: 'server',
  bytes: join(...frames),
  timeMs,
});
const lost = (piece: Piece): Piece => ({ ...piece, lost: true });
const start = [client(0, opening()), server(0, settings(), settingsAck()), client(0, settingsAck())];

function run(pieces: readonly Piece[], options: Partial<Http2Options> & { readonly reset?: boolean } = {}) {
  const seen: Facts[] = [];
  const conversation = createHttp2Conversation({ onExchange: (facts) => seen.push(facts), ...options });
  feed(conversation, pieces);
  conversation.end(1000, options.reset ?? false);
  return {
    seen,
    http: seen.map((facts) => ('http' in facts ? facts.http : facts)),
    counters: conversation.counters,
  };
}
const paths = (facts: readonly HttpFacts[]): string[] =>
  facts.map(
    ({ target, statusCode, outcome, partial }) => `${target} ${statusCode} ${outcome}${partial ? '!' : ''}`,
  );

describe('one exchange', () => {
  test('everything that is known of it', () => {
    const times: number[] = [];
    const { seen, counters } = run(
      [
        ...start,
        client(10, headers(1, request('/a?b', ['x-a', '1'])), data(1, 7, endStream)),
        server(12, headers(1, status(200, ['server', 's'])), data(1, 100)),
        server(15, data(1, 23, endStream)),
      ],
      { onExchange: (facts, timeMs, startMs) => times.push(timeMs, startMs, 'http' in facts ? 1 : 2) },
    );
    expect(times).toEqual([15, 10, 2]);
    expect(seen).toEqual([]);
    expect(Object.values(counters).every((count) => count === 0)).toBe(true);
    const { http } = run([
      ...start,
      client(10, headers(1, request('/a?b', ['x-a', '1'])), data(1, 7, endStream)),
      server(12, headers(1, status(200, ['server', 's'])), data(1, 100)),
      server(15, data(1, 23, endStream)),
    ]);
    expect(http).toEqual([
      {
        version: '2',
        method: 'GET',
        target: '/a?b',
        scheme: 'http',
        authority: 'example.com',
        statusCode: 200,
        requestHeaders: [['x-a', '1']],
        responseHeaders: [['server', 's']],
        requestBodyBytes: 7,
        responseBodyBytes: 123,
        durationMs: 5,
        outcome: 'complete',
        partial: false,
      },
    ]);
  });

  const long = block(request('/long', ['x-long', 'v'.repeat(500)]));
  const rows: readonly (readonly [string, readonly Piece[], Partial<HttpFacts>])[] = [
    [
      'a block over CONTINUATION frames',
      [
        client(
          1,
          frame(FRAME.headers, endStream, 1, long.slice(0, 5)),
          frame(FRAME.continuation, 0, 1, long.slice(5, 6)),
          frame(FRAME.continuation, 0, 1, []),
          frame(FRAME.continuation, endHeaders, 1, long.slice(6)),
        ),
        server(2, headers(1, status(200), both)),
      ],
      { target: '/long', outcome: 'complete', partial: false, requestBodyBytes: 0, responseBodyBytes: 0 },
    ],
    [
      'padding and priority',
      [
        client(
          1,
          frame(FRAME.headers, endHeaders | padded | priority, 1, [
            3,
            0,
            0,
            0,
            0,
            9,
            ...block(request('/p')),
            7,
            7,
            7,
          ]),
          frame(FRAME.priority, 0, 1, [0, 0, 0, 0, 1]),
          frame(FRAME.data, endStream | padded, 1, [4, 1, 2, 0, 0, 0, 0]),
        ),
        server(2, headers(1, status(204), both)),
      ],
      { target: '/p', requestBodyBytes: 2, outcome: 'complete', partial: false },
    ],
    [
      'interim responses and trailers',
      [
        client(1, headers(1, request('/t'), both)),
        server(2, headers(1, status(100)), headers(1, status(103, ['link', '</x>']))),
        server(3, headers(1, status(200)), data(1, 5), headers(1, [['x-sum', '1']], both)),
      ],
      {
        statusCode: 200,
        responseBodyBytes: 5,
        responseHeaders: [],
        outcome: 'complete',
        partial: false,
        durationMs: 2,
      },
    ],
    [
      'request trailers',
      [
        client(1, headers(1, request('/t')), data(1, 5), headers(1, [['x-sum', '1']], both)),
        server(2, headers(1, status(200), both)),
      ],
      { target: '/t', requestBodyBytes: 5, outcome: 'complete', partial: false },
    ],
    [
      'frames of unknown types, PING, WINDOW_UPDATE, ALTSVC between',
      [
        client(
          1,
          frame(0x20, 255, 77, [1, 2, 3]),
          headers(1, request('/u'), both),
          frame(FRAME.ping, 0, 0, new Uint8Array(8)),
        ),
        server(
          2,
          frame(FRAME.windowUpdate, 0, 0, [0, 0, 1, 0]),
          frame(10, 0, 0, [0, 0]),
          headers(1, status(200), both),
        ),
      ],
      { target: '/u', outcome: 'complete', partial: false },
    ],
    [
      'a reset by the client',
      [
        client(1, headers(1, request('/r'), both)),
        server(2, headers(1, status(200)), data(1, 9)),
        client(3, reset(1, 8)),
      ],
      { statusCode: 200, outcome: 'reset', responseBodyBytes: 9 },
    ],
    ['a refusal', [client(1, headers(1, request('/r'), both)), server(2, reset(1, 7))], { outcome: 'reset' }],
    [
      'a server that answers early and wants no more of the body',
      [
        client(1, headers(1, request('/up')), data(1, 9)),
        server(2, headers(1, status(413), both), reset(1, 0)),
      ],
      { statusCode: 413, outcome: 'complete', requestBodyBytes: 9, partial: false },
    ],
    [
      'an answer before the request has ended',
      [
        client(1, headers(1, request('/up')), data(1, 9)),
        server(2, headers(1, status(200), both)),
        client(3, data(1, 1, endStream)),
      ],
      { statusCode: 200, outcome: 'complete', requestBodyBytes: 10, durationMs: 1, partial: false },
    ],
    [
      'GOAWAY below it',
      [client(1, headers(1, request('/g'), both)), server(2, goAway(0))],
      { target: '/g', outcome: 'unanswered', partial: false },
    ],
    ['no response', [client(1, headers(1, request('/n'), both))], { target: '/n', outcome: 'unanswered' }],
    [
      'a response that does not end',
      [client(1, headers(1, request('/n'), both)), server(2, headers(1, status(200)), data(1, 5))],
      { statusCode: 200, outcome: 'complete', partial: true },
    ],
    [
      'CONNECT',
      [
        client(
          1,
          headers(1, [
            [':method', 'CONNECT'],
            [':authority', 'example.com:443'],
          ]),
          data(1, 3, endStream),
        ),
        server(2, headers(1, status(200)), data(1, 4, endStream)),
      ],
      { method: 'CONNECT', authority: 'example.com:443', outcome: 'complete', partial: false },
    ],
    [
      'a host field without :authority',
      [
        client(
          1,
          headers(
            1,
            [
              [':method', 'GET'],
              [':path', '/h'],
              ['host', 'example.com'],
            ],
            both,
          ),
        ),
        server(2, headers(1, status(200), both)),
      ],
      { authority: 'example.com', requestHeaders: [['host', 'example.com']] },
    ],
  ];
  test.each(rows)('%s', (_, pieces, expected) => {
    const { http } = run([...start, ...pieces]);
    expect(http).toHaveLength(1);
    expect(http[0]).toMatchObject(expected);
    const bytewise = [...start, ...pieces].flatMap((piece) =>
      Array.from(piece.bytes, (byte) => ({ ...piece, bytes: Uint8Array.of(byte) })),
    );
    expect(run(bytewise).http).toEqual(http);
  });
  test('what is not known is absent', () => {
    const open = run([
      ...start,
      client(1, headers(1, request('/n'), both)),
      server(2, headers(1, status(200)), data(1, 5)),
    ]);
    expect(open.http[0]).not.toHaveProperty('responseBodyBytes');
    const waiting = run([...start, client(1, headers(1, request('/n')), data(1, 5))]);
    expect(waiting.http[0]).not.toHaveProperty('durationMs');
    expect(waiting.http[0]).not.toHaveProperty('requestBodyBytes');
  });
  test('a connection that is reset', () => {
    const { http } = run([...start, client(1, headers(1, request('/n'), both))], { reset: true });
    expect(paths(http)).toEqual(['/n undefined reset']);
  });
});

describe('many streams', () => {
  test('100 at a time, packed into one piece, answered backwards', () => {
    const ids = Array.from({ length: 100 }, (_, i) => i * 2 + 1);
    const { http } = run([
      ...start,
      client(1, ...ids.map((id) => headers(id, request(`/${id}`), both))),
      server(2, ...ids.toReversed().map((id) => headers(id, status(200, ['x-id', `/${id}`])))),
      server(3, ...ids.map((id) => data(id, id, endStream))),
    ]);
    expect(http).toHaveLength(100);
    expect(http.every(({ target, responseHeaders }) => responseHeaders[0]?.[1] === target)).toBe(true);
    expect(http.every(({ target, responseBodyBytes }) => `/${responseBodyBytes}` === target)).toBe(true);
  });
  test('more than are followed: refused and counted, the table goes on', () => {
    const fields = request('/1', ['x-a', 'one']);
    const { http, counters } = run(
      [
        ...start,
        client(
          1,
          headers(1, request('/0'), both),
          frame(FRAME.headers, both, 3, insertingBlock(fields)),
          frame(FRAME.headers, both, 5, [0x82, 0xbf, 0xbe]),
        ),
        server(
          2,
          headers(3, status(200), both),
          headers(5, status(200), both),
          headers(1, status(204), both),
        ),
        client(3, frame(FRAME.headers, both, 7, [0x82, 0xc0, 0xbe])),
        server(4, headers(7, status(200), both)),
      ],
      { maxStreams: 1 },
    );
    expect(paths(http)).toEqual(['/0 204 complete', '/1 200 complete']);
    expect(http[1]?.requestHeaders).toEqual([['x-a', 'one']]);
    expect(counters.refusedStreams).toBe(2);
  });
  test('pushed responses', () => {
    const promise = [0, 0, 0, 2, ...block(request('/style.css'))];
    const { http } = run([
      ...start,
      client(1, headers(1, request('/'), both)),
      server(2, frame(FRAME.pushPromise, endHeaders | padded, 1, [2, ...promise, 0, 0])),
      server(3, headers(1, status(200), both), headers(2, status(200)), data(2, 30, endStream)),
    ]);
    expect(paths(http)).toEqual(['/ 200 complete', '/style.css 200 complete']);
    expect(http[1]).toMatchObject({ responseBodyBytes: 30, durationMs: 1 });
  });
  test('header fields by choice, and a bounded number', () => {
    const pieces = [
      ...start,
      client(1, headers(1, request('/', ['x-a', '1'], ['x-b', '2'], ['x-c', '3']), both)),
      server(2, headers(1, status(200), both)),
    ];
    expect(run(pieces, { headers: new Set(['x-b']) }).http[0]?.requestHeaders).toEqual([['x-b', '2']]);
    const bounded = run(pieces, { maxHeaders: 1 });
    expect(bounded.http[0]).toMatchObject({ requestHeaders: [['x-a', '1']], partial: false });
    expect(bounded.counters.droppedFields).toBe(2);
  });
  test('a header list beyond its bound is partial', () => {
    const { http, counters } = run(
      [
        ...start,
        client(1, headers(1, request('/', ['x-a', 'v'.repeat(900)]), both)),
        server(2, headers(1, status(200), both)),
      ],
      { maxHeaderListBytes: 500 },
    );
    expect(http[0]).toMatchObject({ target: '/', requestHeaders: [], partial: true });
    expect(counters.cutLists).toBe(1);
  });
  test('the answer to an h2c upgrade comes on stream 1', () => {
    const upgraded = {
      request: {
        version: '1.1' as const,
        method: 'GET',
        target: '/up',
        authority: 'example.com',
        requestHeaders: [['host', 'example.com'] as const],
        responseHeaders: [],
        outcome: 'upgraded' as const,
        partial: false,
      },
      startMs: 1,
    };
    const { http } = run(
      [
        server(2, settings(), headers(1, status(200)), data(1, 3, endStream)),
        client(3, opening()),
        client(4, headers(3, request('/2'), both)),
        server(5, headers(3, status(200), both)),
      ],
      { upgraded },
    );
    expect(paths(http)).toEqual(['/up 200 complete', '/2 200 complete']);
    expect(http[0]).toMatchObject({
      method: 'GET',
      authority: 'example.com',
      responseBodyBytes: 3,
      durationMs: 1,
    });
    expect(http[0]).not.toHaveProperty('requestBodyBytes');
  });
});

describe('gRPC', () => {
  const call = (path: string, type = 'application/grpc+proto') =>
    headers(1, [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      ['content-type', type],
    ]);
  const grpcData = (bytes: number[], flags = 0) => frame(FRAME.data, flags, 1, bytes);
  const trailers = (...fields: [string, string][]) => headers(1, fields, both);
  const answer = headers(1, status(200, ['content-type', 'application/grpc']));

  test('messages are counted over any frames, status and message come from the trailers', () => {
    const stream = [...message(3), ...message(0), ...message(300), ...message(5)];
    const { seen } = run([
      ...start,
      client(1, call('/pkg.v1.Greeter/SayHello'), grpcData(message(4), endStream)),
      server(
        2,
        answer,
        grpcData(stream.slice(0, 2)),
        grpcData(stream.slice(2, 9)),
        grpcData(stream.slice(9)),
      ),
      server(3, trailers(['grpc-status', '5'], ['grpc-message', 'not%20found: %C3%A9 %zz %ff'])),
    ]);
    expect(seen).toMatchObject([
      {
        service: 'pkg.v1.Greeter',
        method: 'SayHello',
        statusCode: 5,
        statusMessage: 'not found: é %zz %ff',
        requestMessages: 1,
        responseMessages: 4,
        http: { statusCode: 200, outcome: 'complete', partial: false },
      },
    ]);
  });
  test('trailers only', () => {
    const { seen } = run([
      ...start,
      client(1, call('/p.S/M'), grpcData(message(4), endStream)),
      server(2, headers(1, status(200, ['content-type', 'application/grpc'], ['grpc-status', '12']), both)),
    ]);
    expect(seen).toMatchObject([
      { service: 'p.S', method: 'M', statusCode: 12, requestMessages: 1, responseMessages: 0 },
    ]);
  });
  test('a call that is cancelled has no status', () => {
    const { seen } = run([
      ...start,
      client(1, call('/p.S/M'), grpcData(message(4))),
      server(2, answer, grpcData(message(1))),
      client(3, reset(1, 8)),
    ]);
    expect(seen).toMatchObject([{ requestMessages: 1, responseMessages: 1, http: { outcome: 'reset' } }]);
    expect(seen[0]).not.toHaveProperty('statusCode');
  });
  test.each([
    ['application/grpc', true],
    ['application/grpc; charset=x', true],
    ['Application/gRPC+json', true],
    ['application/grpc-web', false],
    ['application/json', false],
  ])('%s is gRPC: %s', (type, is) => {
    const { seen } = run([
      ...start,
      client(1, call('/p.S/M', type), data(1, 0, endStream)),
      server(2, headers(1, status(404), both)),
    ]);
    expect('http' in (seen[0] as Facts)).toBe(is);
  });
  test('what is no message makes the count unknown', () => {
    const { seen } = run([
      ...start,
      client(1, call('/p.S/M'), grpcData([9, 9, 9, 9, 9, 9], endStream)),
      server(2, answer, trailers(['grpc-status', '13'])),
    ]);
    expect(seen[0]).not.toHaveProperty('requestMessages');
    expect(seen[0]).toMatchObject({ statusCode: 13, responseMessages: 0 });
  });
});

describe('gaps', () => {
  const exchange = (id: number, time: number): Piece[] => [
    client(time, headers(id, request(`/${id}`), both)),
    server(time + 1, headers(id, status(200)), data(id, 40, endStream)),
  ];
  test('inside a DATA frame: nothing is lost', () => {
    const body = server(3, headers(1, status(200)), data(1, 100, endStream)).bytes;
    const { http, counters } = run([
      ...start,
      client(1, headers(1, request('/1'), both)),
      { side: 'server', bytes: body.slice(0, 40), timeMs: 2 },
      { side: 'server', bytes: body.slice(40, 90), timeMs: 2, lost: true },
      { side: 'server', bytes: body.slice(90), timeMs: 3 },
    ]);
    expect(http).toMatchObject([
      { target: '/1', responseBodyBytes: 100, outcome: 'complete', partial: false },
    ]);
    expect(counters.losses).toBe(0);
  });
  test('inside a header block: that one is partial, the frames go on', () => {
    const head = headers(3, status(200, ['x-a', 'v'.repeat(50)]), both);
    const { http, counters } = run([
      ...start,
      ...exchange(1, 1),
      client(5, headers(3, request('/3'), both)),
      { side: 'server', bytes: head.slice(0, 20), timeMs: 6 },
      { side: 'server', bytes: head.slice(20, 50), timeMs: 6, lost: true },
      { side: 'server', bytes: head.slice(50), timeMs: 6 },
      ...exchange(5, 8),
    ]);
    expect(paths(http)).toEqual(['/1 200 complete', '/3 undefined complete!', '/5 200 complete']);
    expect(counters).toMatchObject({ lostBlocks: 1, losses: 0 });
  });
  test('whole pieces: the place is found again, and nothing that follows is wrong', () => {
    const ids = [1, 3, 5, 7, 9, 11, 13, 15];
    const pieces = [...start, ...ids.flatMap((id, i) => exchange(id, 10 * i))];
    const { http, counters } = run(pieces.map((piece, i) => (i === 5 ? lost(piece) : piece)));
    expect(paths(http)).toContain('/15 200 complete');
    expect(http.filter(({ partial }) => !partial).length).toBeGreaterThanOrEqual(6);
    expect(counters.losses).toBe(1);
  });
  test('aligned: goes on at once, and earlier insertions are unknown', () => {
    const seen: Facts[] = [];
    const conversation = createHttp2Conversation({ onExchange: (facts) => seen.push(facts) });
    feed(conversation, [...start, client(1, frame(FRAME.headers, both, 1, insertingBlock(request('/1'))))]);
    conversation.gap('client', 500, true, 2);
    feed(conversation, [
      client(3, frame(FRAME.headers, both, 9, [0x82, 0xbf, 0xbe])),
      server(4, headers(9, status(200), both)),
    ]);
    conversation.end(5, false);
    expect(seen).toMatchObject([{ method: 'GET', statusCode: 200, partial: true }, { target: '/1' }]);
    expect(seen[0]).not.toHaveProperty('target');
    expect(conversation.counters).toMatchObject({ unknownFields: 2, losses: 1 });
  });
  test('aligned gaps that hold bodies cost lengths and counts alone', () => {
    const seen: Facts[] = [];
    const conversation = createHttp2Conversation({
      onExchange: (facts) => seen.push(facts),
      gapsHoldBodies: true,
    });
    const call = [...request('/p.S/M'), ['content-type', 'application/grpc'] as const];
    feed(conversation, [...start, client(1, frame(FRAME.headers, endHeaders, 1, insertingBlock(call)))]);
    conversation.gap('client', 500, true, 2);
    feed(conversation, [server(3, headers(1, status(200)))]);
    conversation.gap('server', 5000, true, 4);
    feed(conversation, [server(5, headers(1, [['grpc-status', '0']], both))]);
    expect(seen).toMatchObject([
      { service: 'p.S', statusCode: 0, http: { outcome: 'complete', partial: false, durationMs: 4 } },
    ]);
    for (const key of ['requestMessages', 'responseMessages']) expect(seen[0]).not.toHaveProperty(key);
    for (const key of ['requestBodyBytes', 'responseBodyBytes'])
      expect((seen[0] as GrpcFacts).http).not.toHaveProperty(key);
    feed(conversation, [client(6, frame(FRAME.headers, both, 3, [0x82, 0xc0]))]);
    conversation.end(7, false);
    expect(seen[1]).toMatchObject({ target: '/p.S/M' });
  });
  test('the header of a DATA frame alone tells its length and its end', () => {
    const seen: Facts[] = [];
    const conversation = createHttp2Conversation({
      onExchange: (facts) => seen.push(facts),
      gapsHoldBodies: true,
    });
    feed(conversation, [
      ...start,
      client(1, headers(1, request('/1'), both)),
      server(2, headers(1, status(200)), data(1, 9000, endStream).slice(0, 9)),
    ]);
    conversation.gap('server', 9000, true, 3);
    expect(seen).toMatchObject([
      { target: '/1', responseBodyBytes: 9000, outcome: 'complete', partial: false },
    ]);
  });
  test('what still comes on a stream that is over is no new one', () => {
    const { http } = run([
      client(1, headers(7, request('/7'), both), headers(9, request('/9'), both), reset(7, 8)),
      server(2, headers(7, status(200)), data(7, 5, endStream), headers(9, status(200), both)),
    ]);
    expect(paths(http)).toEqual(['/7 undefined reset', '/9 200 complete']);
  });
  test('joined late: a block that is not known may be trailers, and the body before them was not seen', () => {
    const { seen, http } = run([
      client(1, headers(7, request('/7'), both), data(5, 9), frame(FRAME.headers, both, 5, [0xc0])),
      server(2, headers(7, status(200), both), frame(FRAME.headers, both, 5, [0xbe, 0xbf])),
    ]);
    expect(paths(http)).toEqual(['/7 200 complete', 'undefined undefined complete!']);
    for (const key of ['requestBodyBytes', 'responseBodyBytes']) expect(seen[1]).not.toHaveProperty(key);
  });
  test('joined late: frames of streams that began before are put to no other', () => {
    const { http } = run([
      client(
        1,
        headers(7, request('/7'), both),
        headers(9, request('/9'), both),
        headers(11, request('/11'), both),
      ),
      server(
        2,
        data(5, 30, endStream),
        headers(7, status(200), both),
        headers(3, [['grpc-status', '0']], both),
      ),
      server(3, headers(9, status(200)), data(9, 1, endStream), headers(11, status(200), both)),
    ]);
    expect(paths(http)).toEqual([
      '/7 200 complete',
      'undefined undefined complete!',
      '/9 200 complete',
      '/11 200 complete',
    ]);
    expect(http[1]).not.toHaveProperty('responseBodyBytes');
  });
});

describe('what a peer may not send', () => {
  test.each([
    ['DATA on stream 0', frame(FRAME.data, 0, 0, [1])],
    ['SETTINGS of seven bytes', frame(FRAME.settings, 0, 0, new Uint8Array(7))],
    ['a frame larger than allowed', frame(FRAME.data, 0, 1, new Uint8Array(16_385))],
    ['another frame inside a header block', join(headers(1, request('/x'), 0), data(1, 1))],
  ])('%s: counted, and the place is lost', (_, bytes) => {
    expect(run([...start, client(1, bytes)]).counters).toMatchObject({ badFrames: 1, losses: 1 });
  });
  test('a header block longer than its bound: that one is lost', () => {
    const part = (flags: number) => frame(FRAME.continuation, flags, 1, new Uint8Array(16_000));
    const { http, counters } = run([
      ...start,
      client(
        1,
        headers(1, request('/x'), endStream),
        part(0),
        part(0),
        part(0),
        part(0),
        part(0),
        part(endHeaders),
      ),
      client(2, headers(3, request('/3'), both)),
      server(3, headers(1, status(431), both), headers(3, status(200), both)),
    ]);
    expect(paths(http)).toEqual(['undefined 431 unasked!', '/3 200 complete']);
    expect(counters).toMatchObject({ lostBlocks: 1, losses: 0 });
  });
  test('larger frames when the other side takes them', () => {
    const { counters, http } = run([
      client(0, opening()),
      server(0, settings([5, 20_000])),
      client(1, headers(1, request('/x')), data(1, 20_000, endStream)),
    ]);
    expect(counters.badFrames).toBe(0);
    expect(http[0]).toMatchObject({ requestBodyBytes: 20_000 });
  });
  test('a table larger than its announcement, from the acknowledgement on', () => {
    const resize = (size: number) =>
      size < 31 ? [0x20 | size] : [0x3f, ((size - 31) & 127) | 128, (size - 31) >> 7];
    const asks = (id: number, size: number) =>
      client(id, frame(FRAME.headers, both, id, [...resize(size), ...block(request('/x'))]));
    const announced = [client(0, opening()), server(0, settings([1, 100]))];
    expect(run([...announced, asks(1, 4096)]).counters.badBlocks).toBe(0);
    expect(run([...announced, client(1, settingsAck()), asks(1, 100)]).counters.badBlocks).toBe(0);
    expect(run([...announced, client(1, settingsAck()), asks(1, 101)]).counters.badBlocks).toBe(1);
  });
});
