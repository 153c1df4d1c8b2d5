import { describe, expect, test } from 'vitest';
import type { HttpFacts, StreamConsumer } from '../../../src/model/conversation.ts';
import { createHttp1Conversation, type Http1Options } from '../../../src/protocols/http1/conversation.ts';
import { client, cut, dice, feed, latin, type Piece, server } from './stream-pieces.ts';

interface Seen {
  readonly facts: HttpFacts;
  readonly timeMs: number;
  readonly startMs: number;
}

function run(pieces: readonly Piece[], options: Partial<Http1Options> & { readonly reset?: boolean } = {}) {
  const seen: Seen[] = [];
  const conversation = createHttp1Conversation({
    onExchange: (facts, timeMs, startMs) => seen.push({ facts, timeMs, startMs }),
    ...options,
  });
  feed(conversation, pieces);
  conversation.end(1000, options.reset ?? false);
  return { seen, facts: seen.map(({ facts }) => facts), counters: conversation.counters };
}

const GET = 'GET /a?x=1 HTTP/1.1\r\nHost: example.com\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const request = (target: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: example.com\r\n${more}\r\n`;
const response = (id: string, body = 'hi'): string =>
  `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const lost = (piece: Piece): Piece => ({ ...piece, lost: true });

/** `target>x-id outcome`, and `!` when partial. */
function pairs(facts: readonly HttpFacts[]): string[] {
  return facts.map(({ target, responseHeaders, outcome, partial }) => {
    const id = responseHeaders.find(([name]) => name === 'x-id')?.[1] ?? '-';
    return `${target ?? '-'}>${id} ${outcome}${partial ? '!' : ''}`;
  });
}

describe('one exchange', () => {
  test('everything that is known of it', () => {
    const { seen, counters } = run([client(GET, 10), server(OK, 14), server('', 15)]);
    expect(seen).toEqual([
      {
        timeMs: 14,
        startMs: 10,
        facts: {
          version: '1.1',
          method: 'GET',
          target: '/a?x=1',
          authority: 'example.com',
          statusCode: 200,
          requestHeaders: [['host', 'example.com']],
          responseHeaders: [['content-length', '2']],
          requestBodyBytes: 0,
          responseBodyBytes: 2,
          durationMs: 4,
          outcome: 'complete',
          partial: false,
        },
      },
    ]);
    expect(Object.values(counters).every((count) => count === 0)).toBe(true);
  });

  const rows: readonly (readonly [string, readonly Piece[], Partial<HttpFacts>])[] = [
    [
      'a chunked response with extensions and trailers',
      [
        client(GET),
        server('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
        server('5;a="b"\r\nhello\r\n00A \r\n0123456789\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n'),
      ],
      { statusCode: 200, responseBodyBytes: 15, outcome: 'complete', partial: false },
    ],
    [
      'a chunked request',
      [
        client(
          'POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
        ),
        server(OK),
      ],
      { method: 'POST', requestBodyBytes: 3, outcome: 'complete', partial: false },
    ],
    [
      'line feeds alone',
      [client('GET / HTTP/1.0\nHost: h\n\n'), server('HTTP/1.0 200 OK\nContent-Length: 1\n\nx')],
      {
        version: '1.0',
        target: '/',
        authority: 'h',
        responseBodyBytes: 1,
        outcome: 'complete',
        partial: false,
      },
    ],
    [
      'a folded field',
      [client('GET / HTTP/1.1\r\nX-A: one\r\n  two \r\n\tthree\r\nHost:\r\n h\r\n\r\n'), server(OK)],
      {
        authority: 'h',
        requestHeaders: [
          ['x-a', 'one two three'],
          ['host', 'h'],
        ],
        partial: false,
      },
    ],
    [
      'empty lines before a request',
      [client('\r\n\r\n\nGET / HTTP/1.1\r\n\r\n'), server(OK)],
      { target: '/', outcome: 'complete', partial: false },
    ],
    [
      'lines that are no fields',
      [
        client('GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\nX Y: 1\r\nZ\u0001: 2\r\nA: \u0000\r\nB: 1\r\n\r\n'),
        server(OK),
      ],
      {
        requestHeaders: [
          ['host', 'h'],
          ['b', '1'],
        ],
        outcome: 'complete',
        partial: true,
      },
    ],
    [
      'a body that lasts until the end',
      [client('GET / HTTP/1.0\r\n\r\n'), server('HTTP/1.0 200 OK\r\n\r\nall'), server(' of it', 3)],
      { responseBodyBytes: 9, durationMs: 3, outcome: 'complete', partial: false },
    ],
    [
      'HEAD has no body',
      [client('HEAD / HTTP/1.1\r\n\r\n'), server('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n')],
      { method: 'HEAD', responseBodyBytes: 0, outcome: 'complete', partial: false },
    ],
    [
      '304 has no body',
      [client(GET), server('HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n')],
      { statusCode: 304, responseBodyBytes: 0, outcome: 'complete' },
    ],
    [
      'absolute form',
      [client('GET http://example.com/x HTTP/1.1\r\nHost: example.com\r\n\r\n'), server(OK)],
      { target: 'http://example.com/x', scheme: 'http', authority: 'example.com' },
    ],
    [
      'asterisk form and a method of its own',
      [client('M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n'), server(OK)],
      { method: 'M-SEARCH', target: '*' },
    ],
    [
      'a reason that is missing',
      [client(GET), server('HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n')],
      { statusCode: 200, outcome: 'complete' },
    ],
    [
      'equal lengths, said twice',
      [client(GET), server('HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nhi')],
      { responseBodyBytes: 2, outcome: 'complete', partial: false },
    ],
    [
      'different lengths',
      [client(GET), server('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!')],
      { statusCode: 200, outcome: 'complete', partial: true },
    ],
    [
      'chunked counts, whatever the length says',
      [
        client(GET),
        server(
          'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
        ),
      ],
      { responseBodyBytes: 1, outcome: 'complete' },
    ],
    [
      'a chunk size that is none',
      [client(GET), server('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')],
      { statusCode: 200, outcome: 'complete', partial: true },
    ],
    [
      'no response',
      [client(GET)],
      { target: '/a?x=1', requestBodyBytes: 0, outcome: 'unanswered', partial: false },
    ],
    [
      'no request',
      [server('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n')],
      { version: '1.1', statusCode: 408, outcome: 'unasked', partial: true },
    ],
    [
      'a response cut short',
      [client(GET), server('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi')],
      { statusCode: 200, outcome: 'complete', partial: true },
    ],
    [
      'a request head cut short',
      [client('GET /long HTTP/1.1\r\nHost: h\r\nX-Cut: ab')],
      { target: '/long', authority: 'h', outcome: 'unanswered', partial: true },
    ],
    [
      'a response before the request has ended',
      [
        client('POST /up HTTP/1.1\r\nContent-Length: 10\r\n\r\n01234', 1),
        server('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n', 2),
        client('56789', 3),
      ],
      { statusCode: 413, requestBodyBytes: 10, durationMs: 1, outcome: 'complete', partial: false },
    ],
    [
      '100 Continue and Early Hints are no answer',
      [
        client('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n', 1),
        server('HTTP/1.1 100 Continue\r\n\r\n', 2),
        client('abc', 3),
        server('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 4),
        server('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n', 5),
      ],
      { statusCode: 201, requestBodyBytes: 3, durationMs: 4, outcome: 'complete', partial: false },
    ],
  ];
  test.each<[line: string, facts: Partial<HttpFacts>]>([
    [
      'GET http://bad.example/x HTTP/1.1',
      { target: 'http://bad.example/x', scheme: 'http', authority: 'bad.example' },
    ],
    ['GET HTTPS://u:secret@bad.example:8443?q HTTP/1.1', { scheme: 'https', authority: 'bad.example:8443' }],
    ['CONNECT bad.example:443 HTTP/1.1', { target: 'bad.example:443', authority: 'bad.example:443' }],
    ['OPTIONS * HTTP/1.1', { target: '*', authority: 'good.example' }],
    ['GET /http://bad.example/ HTTP/1.1', { target: '/http://bad.example/', authority: 'good.example' }],
    // Raw spaces.
    ['GET /?id=1 UNION SELECT a FROM b HTTP/1.1', { method: 'GET', target: '/?id=1 UNION SELECT a FROM b' }],
    ['GET /a HTTP/1.1 HTTP/1.0', { target: '/a HTTP/1.1', version: '1.0' }],
    ['GET   /a\t HTTP/1.1 ', { target: '/a', version: '1.1' }],
    ['POST /$%7Bjndi:ldap://h/a} b HTTP/1.0', { method: 'POST', target: '/$%7Bjndi:ldap://h/a} b' }],
  ])('%s', (line, expected) => {
    const pieces = [
      client(`${line}\r\nHost: good.example\r\n\r\n`),
      server('HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n'),
    ];
    const { facts } = run(pieces);
    expect(facts).toMatchObject([{ ...expected, statusCode: 400, partial: false }]);
    expect(run(cut(pieces, () => 0, 1)).facts).toEqual(facts);
  });

  test.each([
    'GET /a b HTTP/2.0',
    'GET  HTTP/1.1',
    'GET /a b',
    'LOOK at this HTTP/1.1',
    `GET /a ${'b'.repeat(9_000)}`,
  ])('no request: %s', (line) => {
    const { facts } = run([client(`${line}\r\n\r\n`)]);
    expect(facts.filter(({ method }) => method !== undefined)).toEqual([]);
  });

  test.each(rows)('%s', (_, pieces, expected) => {
    const whole = run(pieces);
    expect(whole.facts).toHaveLength(1);
    expect(whole.facts[0]).toMatchObject(expected);
    const bytewise = pieces.flatMap((piece) =>
      Array.from(piece.bytes, (byte) => ({ ...piece, bytes: Uint8Array.of(byte) })),
    );
    expect(run(bytewise).facts).toEqual(whole.facts);
  });

  test('what is not known is absent', () => {
    const cutShort = run([client(GET), server('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi')]).facts[0];
    expect(cutShort).not.toHaveProperty('responseBodyBytes');
    expect(run([client(GET)]).facts[0]).not.toHaveProperty('durationMs');
    const unasked = run([server(OK)]).facts[0];
    expect(Object.keys(unasked ?? {})).not.toContain('method');
    expect(Object.keys(unasked ?? {})).not.toContain('requestBodyBytes');
    // It may answer HEAD.
    expect(Object.keys(unasked ?? {})).not.toContain('responseBodyBytes');
  });

  test.each([
    ['waiting', [client(GET)], { outcome: 'reset' }],
    [
      'in its body',
      [client(GET), server('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')],
      { outcome: 'reset', statusCode: 200 },
    ],
    ['done before', [client(GET), server(OK)], { outcome: 'complete' }],
  ] as const)('a reset finds it %s', (_, pieces, expected) => {
    expect(run(pieces, { reset: true }).facts).toMatchObject([expected]);
  });
});

describe('many exchanges', () => {
  test('keep-alive', () => {
    const { facts } = run(['/1', '/2', '/3'].flatMap((id) => [client(request(id)), server(response(id))]));
    expect(pairs(facts)).toEqual(['/1>/1 complete', '/2>/2 complete', '/3>/3 complete']);
  });
  test('pipelined in one piece', () => {
    const ids = ['/1', '/2', '/3', '/4'];
    const { facts } = run([
      client(ids.map((id) => request(id)).join('')),
      server(ids.map((id) => response(id)).join('')),
    ]);
    expect(pairs(facts)).toEqual(ids.map((id) => `${id}>${id} complete`));
  });
  test('more than may wait are given up, and the others keep their responses', () => {
    const ids = ['/1', '/2', '/3', '/4'];
    const { facts, counters } = run(
      [
        client(ids.map((id) => request(id)).join('')),
        server(ids.map((id) => response(id)).join('')),
        client(request('/5')),
        server(response('/5')),
      ],
      { maxWaiting: 2 },
    );
    expect(pairs(facts)).toEqual([
      '/3>- unanswered!',
      '/4>- unanswered!',
      '/1>/1 complete',
      '/2>/2 complete',
      '->/3 unasked!',
      '->/4 unasked!',
      '/5>/5 complete',
    ]);
    expect(counters).toMatchObject({ givenUp: 2, unasked: 2 });
  });
});

describe('header fields', () => {
  const wide = client(request('/', Array.from({ length: 9 }, (_, i) => `X-${i}: ${i}\r\n`).join('')));
  test('only those chosen', () => {
    const { facts } = run([wide, server(OK)], { headers: new Set(['x-3', 'content-length']) });
    expect(facts[0]).toMatchObject({
      authority: 'example.com',
      requestHeaders: [['x-3', '3']],
      responseHeaders: [['content-length', '2']],
    });
  });
  test('a bounded number', () => {
    const { facts, counters } = run([wide, server(OK)], { maxHeaders: 3 });
    expect(facts[0]?.requestHeaders).toHaveLength(3);
    expect(facts[0]?.partial).toBe(false);
    expect(counters.droppedFields).toBe(7);
  });
  test('a head longer than its bound is partial, and the next one is found', () => {
    const long = client(request('/long', `X-Long: ${'y'.repeat(400)}\r\nX-After: 1\r\n`));
    const { facts, counters } = run(
      [long, server(response('/long')), client(request('/2')), server(response('/2'))],
      {
        maxHeadBytes: 200,
      },
    );
    expect(pairs(facts)).toEqual(['/long>/long complete!', '/2>/2 complete']);
    expect(facts[0]?.requestHeaders).toEqual([['host', 'example.com']]);
    expect(counters.longHeads).toBe(1);
  });
});

describe('another protocol', () => {
  function recorder() {
    const got: string[] = [];
    const consumer: StreamConsumer = {
      data: (side, bytes) => void got.push(`${side}:${Buffer.from(bytes).toString('latin1')}`),
      gap: (side, length) => void got.push(`${side} gap ${length}`),
      end: (_, reset) => void got.push(`end ${reset}`),
    };
    return { got, consumer };
  }
  const asks = (protocol: string): string =>
    request('/chat', `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`);
  const switches = (protocol: string): string =>
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\n\r\n`;

  test.each([
    ['an upgrade', client(asks('websocket')), server(`${switches('WebSocket')}\u0081`), 'websocket'],
    ['h2c', client(asks('h2c')), server(`${switches('h2c')}\u0081`), 'h2c'],
    [
      'CONNECT',
      client('CONNECT example.com:443 HTTP/1.1\r\n\r\n'),
      server('HTTP/1.1 200 OK\r\n\r\n\u0081'),
      'connect',
    ],
  ])('%s is handed over, byte for byte', (_, ask, answer, protocol) => {
    const { got, consumer } = recorder();
    const protocols: string[] = [];
    const onUpgrade = (name: string, exchange: HttpFacts) => {
      protocols.push(`${name} ${exchange.outcome}`);
      return consumer;
    };
    const { facts } = run(
      [ask, client('early'), answer, client('late'), lost(server('xxx')), server('more')],
      { onUpgrade },
    );
    expect(facts).toMatchObject([{ outcome: 'upgraded', partial: false }]);
    expect(protocols).toEqual([`${protocol} upgraded`]);
    expect(got).toEqual([
      'client:early',
      'server:\u0081',
      'client:late',
      'server gap 3',
      'server:more',
      'end false',
    ]);
  });
  test('what a client sent in pieces while it waited all goes to the language it had begun to speak', () => {
    const { got, consumer } = recorder();
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    run([client(asks('h2c')), client(preface), client('frames'), lost(client('xx')), client('more')], {
      onUpgrade: () => consumer,
    });
    expect(got).toEqual([
      'server gap 0',
      `client:${preface}`,
      'client:frames',
      'client gap 2',
      'client:more',
      'end false',
    ]);
  });
  test('nobody takes it: it is counted', () => {
    const { facts, counters } = run([
      client(asks('websocket')),
      server(switches('websocket')),
      client('abc'),
    ]);
    expect(facts).toHaveLength(1);
    expect(counters.unreadBytes).toBe(3);
  });
  test('an upgrade that is ignored', () => {
    const { facts } = run([
      client(asks('h2c') + request('/2')),
      server(response('/chat') + response('/2')),
      client(request('/3')),
      server(response('/3')),
    ]);
    expect(pairs(facts)).toEqual(['/chat>/chat complete', '/2>/2 complete', '/3>/3 complete']);
  });
  test('CONNECT that is refused', () => {
    const { facts } = run([
      client('CONNECT example.com:443 HTTP/1.1\r\n\r\n'),
      server('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'),
      client(request('/2')),
      server(response('/2')),
    ]);
    expect(facts).toMatchObject([
      { method: 'CONNECT', statusCode: 407, outcome: 'complete' },
      { target: '/2' },
    ]);
  });
  test('a client that does not wait at all does not exhaust memory or stack', () => {
    const flood = client('CONNECT a:1 HTTP/1.1\r\n\r\n'.repeat(4000));
    const { facts } = run([flood]);
    expect(facts).toHaveLength(4000);
  });
});

describe('gaps', () => {
  const exchange = (id: string, time: number): Piece[] => [
    client(request(id), time),
    server(response(id), time + 1),
  ];
  const inHalves = (piece: Piece): [Piece, Piece] => [
    { ...piece, bytes: piece.bytes.slice(0, 30) },
    { ...piece, bytes: piece.bytes.slice(30) },
  ];

  test('inside a body of known length: nothing is lost', () => {
    const [head, rest] = inHalves(server(response('/1', 'z'.repeat(100))));
    const cutRest = { ...rest, bytes: rest.bytes.slice(40, 80) };
    const { facts, counters } = run([
      client(request('/1')),
      head,
      { ...rest, bytes: rest.bytes.slice(0, 40) },
      lost(cutRest),
      { ...rest, bytes: rest.bytes.slice(80) },
      ...exchange('/2', 5),
    ]);
    expect(pairs(facts)).toEqual(['/1>/1 complete', '/2>/2 complete']);
    expect(facts[0]).toMatchObject({ responseBodyBytes: 100 });
    expect(counters.losses).toBe(0);
  });
  test('inside a chunk and inside a body until the end: nothing is lost', () => {
    const { facts } = run([
      client(request('/1')),
      server('HTTP/1.1 200 OK\r\nX-Id: /1\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc'),
      lost(server('d'.repeat(10))),
      server('efg\r\n0\r\n\r\n'),
      client('GET /2 HTTP/1.0\r\n\r\n'),
      server('HTTP/1.0 200 OK\r\nX-Id: /2\r\n\r\nabc'),
      lost(server('d'.repeat(10))),
      server('e'),
    ]);
    expect(pairs(facts)).toEqual(['/1>/1 complete', '/2>/2 complete']);
    expect(facts.map(({ responseBodyBytes }) => responseBodyBytes)).toEqual([16, 14]);
  });
  test.each([
    ['a whole response', 1, ['/1>- unanswered!', '/2>/2 complete', '/3>/3 complete']],
    ['a whole request', 0, ['->/1 unasked!', '/2>/2 complete', '/3>/3 complete']],
  ] as const)('%s: what follows keeps its pair', (_, which, expected) => {
    const pieces = [...exchange('/1', 1), ...exchange('/2', 3), ...exchange('/3', 5)];
    const piece = pieces[which] as Piece;
    expect(pairs(run(pieces.with(which, lost(piece))).facts)).toEqual(expected);
  });
  test.each([
    ['the end of a response head', 1, 1, ['/1>/1 complete!', '/2>/2 complete']],
    ['the beginning of a response', 1, 0, ['/1>- unanswered!', '/2>/2 complete']],
    ['the end of a request head', 0, 1, ['/1>/1 complete!', '/2>/2 complete']],
    ['the beginning of a request', 0, 0, ['->/1 unasked!', '/2>/2 complete']],
  ] as const)('%s', (_, which, half, expected) => {
    const pieces = [...exchange('/1', 1), ...exchange('/2', 3)];
    const halves = inHalves(pieces[which] as Piece);
    halves[half] = lost(halves[half]);
    expect(pairs(run(pieces.toSpliced(which, 1, ...halves)).facts)).toEqual(expected);
  });
  test('the last response: that there was none is not claimed', () => {
    const { facts } = run([...exchange('/1', 1), client(request('/2')), lost(server(response('/2')))]);
    expect(pairs(facts)).toEqual(['/1>/1 complete', '/2>- unanswered!']);
  });
  test('the place in the responses: that there was none to a later request is not claimed either', () => {
    const { facts } = run([
      client(request('/1'), 1),
      lost(server(response('/1', 'x'.repeat(100)), 2)),
      client(request('/2'), 3),
      server('the rest of something', 4),
    ]);
    expect(pairs(facts)).toEqual(['/1>- unanswered!', '/2>- unanswered!']);
  });
  test('both directions for a while', () => {
    const pieces = ['/1', '/2', '/3', '/4', '/5'].flatMap((id, i) => exchange(id, i * 2));
    const damaged = pieces.map((piece, i) => (i >= 2 && i < 7 ? lost(piece) : piece));
    expect(pairs(run(damaged).facts)).toEqual(['/1>/1 complete', '->/4 unasked!', '/5>/5 complete']);
  });
  test('the request was lost, but it is told late', () => {
    const { facts } = run([
      ...exchange('/1', 1),
      server(response('/2'), 3),
      lost(client(request('/2'), 4)),
      ...exchange('/3', 5),
    ]);
    expect(pairs(facts)).toEqual(['/1>/1 complete', '->/2 unasked!', '/3>/3 complete']);
  });
  test('pipelined: one lost response of three is found out when only one can be meant', () => {
    const ids = ['/1', '/2', '/3'];
    const all = client(ids.map((id) => request(id)).join(''));
    const replies = ids.map((id) => server(response(id)));
    const { facts } = run([all, replies[0] as Piece, lost(replies[1] as Piece), replies[2] as Piece]);
    expect(pairs(facts)).toEqual(['/1>/1 complete', '/2>- unanswered!', '/3>/3 complete']);
  });
  test('pipelined: no pair rather than a wrong one', () => {
    const ids = ['/1', '/2', '/3', '/4', '/5'];
    const all = client(ids.map((id) => request(id)).join(''));
    const { facts } = run([
      all,
      server(response('/1')),
      lost(server(response('/2') + response('/3'))),
      server(response('/4') + response('/5')),
    ]);
    expect(pairs(facts).filter((pair) => /^\S+>\/\d/.test(pair) && !pair.startsWith('->'))).toEqual([
      '/1>/1 complete',
    ]);
  });
  test('pipelined from the start, and damaged at once: no pair rather than a wrong one', () => {
    const { facts } = run([
      client(request('/0'), 1),
      lost(client(request('/1'), 2)),
      lost(server(response('/0'), 3)),
      client(request('/2'), 4),
      server(response('/1'), 5),
      client(request('/3'), 6),
      server(response('/2'), 7),
    ]);
    expect(pairs(facts).filter((pair) => !/^-|>-/.test(pair))).toEqual([]);
    expect(facts).toHaveLength(5);
  });
  test('an aligned gap: a head follows', () => {
    const seen: HttpFacts[] = [];
    const conversation = createHttp1Conversation({ onExchange: (facts) => seen.push(facts) });
    conversation.gap('client', 0, true, 1);
    conversation.gap('server', 0, true, 1);
    conversation.data('client', latin(request('/1')), 2);
    conversation.data(
      'server',
      latin('HTTP/1.1 200 OK\r\nX-Id: /1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'),
      3,
    );
    conversation.gap('server', 4000, true, 4);
    conversation.data('client', latin(request('/2')), 5);
    conversation.data('server', latin(response('/2')), 6);
    conversation.end(7, false);
    expect(pairs(seen)).toEqual(['/1>/1 complete!', '/2>/2 complete']);
    expect(seen[0]).not.toHaveProperty('responseBodyBytes');
  });
  test('a body until the end whose end was not seen has no length', () => {
    const seen: HttpFacts[] = [];
    const conversation = createHttp1Conversation({ onExchange: (facts) => seen.push(facts) });
    conversation.data('client', latin('GET / HTTP/1.0\r\n\r\n'), 1);
    conversation.data('server', latin('HTTP/1.0 200 OK\r\n\r\nabc'), 2);
    conversation.gap('server', 0, false, 3);
    conversation.end(4, false);
    expect(seen).toMatchObject([{ outcome: 'complete', partial: true }]);
    expect(seen[0]).not.toHaveProperty('responseBodyBytes');
  });
  test('joined in the middle of a body', () => {
    const { facts, counters } = run([
      server('...rest of a page</html>'),
      client('tail of an upload'),
      client(request('/1')),
      server(response('/1')),
    ]);
    expect(pairs(facts)).toEqual(['/1>/1 complete']);
    expect(counters.skippedBytes).toBe(41);
  });
  test('noise is passed over in bounded time and memory', () => {
    const roll = dice(7);
    const noise = Array.from({ length: 200 }, () => ({
      ...client(''),
      bytes: Uint8Array.from({ length: 1000 }, () => roll(256)),
    }));
    const near = client('GET / HTTP/1.1\r\na: GET / HTTP/1.1\r\n'.repeat(2000));
    const { facts } = run(cut([...noise, near], roll, 3000));
    expect(facts).toEqual([]);
  });
});
