import { describe, expect, test } from 'vitest';
import type { Side } from '../../src/model/conversation.ts';
import type { ContentEvent, ContentKind } from '../../src/model/event.ts';
import { type ContentsOptions, createContents } from '../../src/pipeline/contents.ts';
import { connection, ip, TIME_MS } from '../alerts/fixtures.ts';
import { message, name, QUERY, RESPONSE } from '../protocols/dns/encode.ts';
import * as h2 from '../protocols/http2/frame-builder.ts';
import { helloMessage, sni, u16, versions } from '../protocols/tls/hello-bytes.ts';
import { quicInitial } from '../support/quic-initial.ts';

const { kind: _kind, phase: _phase, ...facts } = connection();
type Said = readonly [side: Side, bytes: Uint8Array | string];
const bytes = (said: Uint8Array | string) => (typeof said === 'string' ? Buffer.from(said, 'latin1') : said);

function listen(options?: ContentsOptions) {
  const events: ContentEvent[] = [];
  return { events, contents: createContents((event) => events.push(event), options) };
}

/** What a conversation of these pieces is heard to say. */
function hear(said: readonly Said[], options?: ContentsOptions): ContentEvent[] {
  const { events, contents } = listen(options);
  const stream = contents.openStream({ ...facts, remote: { ip: ip('203.0.113.1'), port: 8080 } });
  for (const [side, piece] of said) stream?.data(side, bytes(piece), TIME_MS);
  stream?.end(TIME_MS, false);
  return events;
}

const HELLO = ((): Uint8Array => {
  const hello = helloMessage({ extensions: [sni('inner.example.com'), versions(0x0304)] });
  return Uint8Array.from([22, 3, 1, ...u16(hello.length), ...hello]);
})();
const GET: readonly Said[] = [
  ['client', 'GET /a HTTP/1.1\r\nHost: inner.example.com\r\n\r\n'],
  ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
];
const connect = (target: string): readonly Said[] => [
  ['client', `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`],
  ['server', 'HTTP/1.1 200 Connection established\r\n\r\n'],
];
const CALL: readonly Said[] = [
  [
    'client',
    h2.join(
      h2.opening(),
      h2.headers(1, h2.request('/a.B/C', ['content-type', 'application/grpc']), h2.endHeaders | h2.endStream),
    ),
  ],
  [
    'server',
    h2.join(
      h2.settings(),
      h2.headers(1, h2.status(200, ['content-type', 'application/grpc'])),
      h2.headers(1, [['grpc-status', '0']], h2.endHeaders | h2.endStream),
    ),
  ],
];
const kinds = (events: readonly ContentEvent[]) => events.map(({ kind }) => kind);
const only = (...wanted: ContentKind[]): ContentsOptions => ({ kinds: new Set(wanted) });

test('a DNS question that is open at the end is told as asked', () => {
  const { events, contents } = listen();
  const dns = { ...facts, transport: 'udp', remote: { ip: ip('192.0.2.53'), port: 53 } } as const;
  const questions = [{ name: name('bad.example'), type: 1 }];
  contents.datagram(dns, 'client', message({ flags: QUERY, questions }), TIME_MS);
  contents.finish(TIME_MS + 3600);
  expect(events).toMatchObject([
    { kind: 'dns', timeMs: TIME_MS, dns: { questionName: 'bad.example', outcome: 'asked' } },
  ]);
});

describe('tunnels of HTTP CONNECT', () => {
  const CONNECT = connect('inner.example.com:443');
  const cases: [string, readonly Said[], readonly ContentKind[]][] = [
    ['a TLS hello', [...CONNECT, ['client', HELLO]], ['http', 'tls']],
    ['HTTP/1', [...CONNECT, ...GET], ['http', 'http']],
    ['HTTP/2 with a call', [...CONNECT, ...CALL], ['http', 'grpc']],
    [
      'a tunnel in a tunnel',
      [...CONNECT, ...connect('a.example:443'), ['client', HELLO]],
      ['http', 'http', 'tls'],
    ],
    ['something else', [...CONNECT, ['client', 'x'.repeat(300)]], ['http']],
  ];
  test.each(cases)('%s', (_, said, expected) => expect(kinds(hear(said))).toEqual(expected));

  test('what is inside has the ends of the connection, and its own name', () => {
    const [outer, inner] = hear([...CONNECT, ['client', HELLO]]);
    expect(outer).toMatchObject({ http: { method: 'CONNECT', outcome: 'upgraded' } });
    expect(inner).toMatchObject({ remote: { port: 8080 }, tls: { serverName: 'inner.example.com' } });
  });

  test('a hello that follows the request at once is read after the answer', () => {
    const [request, answer] = CONNECT as [Said, Said];
    expect(kinds(hear([request, ['client', HELLO], answer]))).toEqual(['http', 'tls']);
  });

  test('DNS over TCP inside, by the port that was asked for', () => {
    const asked = [{ name: name('a.example'), type: 1 }];
    const framed = (flags: number) => {
      const dns = message({ flags, questions: asked });
      return Uint8Array.from([...u16(dns.length), ...dns]);
    };
    const said: Said[] = [
      ['client', framed(QUERY)],
      ['server', framed(RESPONSE)],
    ];
    expect(kinds(hear([...connect('192.0.2.53:53'), ...said]))).toEqual(['http', 'dns']);
  });

  test('four deep is followed, five is not', () => {
    const deep = (levels: number) => Array.from({ length: levels }, () => CONNECT).flat();
    expect(kinds(hear([...deep(4), ['client', HELLO]])).at(-1)).toBe('tls');
    expect(kinds(hear([...deep(5), ['client', HELLO]]))).not.toContain('tls');
  });

  test('a refused tunnel is followed by ordinary requests', () => {
    const refusal: Said = ['server', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'];
    expect(kinds(hear([CONNECT[0] as Said, refusal, ...GET]))).toEqual(['http', 'http']);
  });
});

describe('QUIC', () => {
  const hello = Uint8Array.from(helloMessage({ extensions: [sni('quic.example.com'), versions(0x0304)] }));
  const [initial = new Uint8Array(0)] = quicInitial({ hello, dcid: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  const quic = { ...facts, transport: 'udp', remote: { ip: ip('203.0.113.1'), port: 443 } } as const;
  const told = (options: ContentsOptions, ...said: readonly Said[]) => {
    const { events, contents } = listen(options);
    for (const [side, piece] of said) contents.datagram(quic, side, bytes(piece), TIME_MS);
    contents.finish(TIME_MS);
    return { events, failures: contents.failures() };
  };

  test('the hello of a client is told once, with the conversation', () => {
    const { events, failures } = told({}, ['client', initial], ['client', initial]);
    expect(events).toMatchObject([
      {
        kind: 'tls',
        transport: 'udp',
        remote: quic.remote,
        tls: { serverName: 'quic.example.com', quicVersion: '1' },
      },
    ]);
    expect(failures).toMatchObject({ quic_hello: 0 });
  });

  test('peers of one socket are told apart', () => {
    const { events, contents } = listen();
    for (const port of [1, 2])
      contents.datagram({ ...quic, remote: { ...quic.remote, port } }, 'client', initial, TIME_MS);
    expect(events.map(({ remote }) => remote.port)).toEqual([1, 2]);
  });

  test.each<[what: string, options: ContentsOptions, said: Said]>([
    ['from a server', {}, ['server', initial]],
    ['where nobody wants TLS', only('dns', 'http'), ['client', initial]],
    ['damaged', {}, ['client', initial.with(600, 1 ^ (initial[600] ?? 0))]],
  ])('nothing is told of one %s', (_, options, said) => {
    expect(told(options, said)).toMatchObject({ events: [], failures: { quic_hello: 0, dns: 0 } });
  });

  test('a flight that lacks a part is counted', () => {
    const long = Uint8Array.from(helloMessage({ extensions: [sni('a.example'), [51, Array(1500).fill(7)]] }));
    const [first = ''] = quicInitial({ hello: long, dcid: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
    expect(told({}, ['client', first])).toMatchObject({ events: [], failures: { quic_hello: 1 } });
  });

  test('at the ports of DNS, too', () => {
    const { events, contents } = listen();
    contents.datagram({ ...quic, remote: { ...quic.remote, port: 53 } }, 'client', initial, TIME_MS);
    expect(kinds(events)).toEqual(['tls']);
    expect(contents.failures()).toMatchObject({ dns: 0 });
  });
});

describe('what nobody wants', () => {
  test.each([
    ['http', GET, ['http']],
    ['grpc', GET, []],
    ['grpc', CALL, ['grpc']],
    ['http', CALL, []],
    ['tls', CALL, []],
    ['dns', GET, []],
    ['tls', [...connect('a.example:443'), ['client', HELLO]], ['tls']],
    ['http', [['client', HELLO]], []],
  ] as [ContentKind, readonly Said[], ContentKind[]][])('%s alone is wanted', (kind, said, expected) => {
    expect(kinds(hear(said, only(kind)))).toEqual(expected);
  });

  test('no kind at all: streams are not looked at', () => {
    expect(listen(only()).contents.openStream(facts)).toBeUndefined();
  });

  test.each([
    [only('dns'), 1],
    [only('http', 'tls'), 0],
  ])('datagrams: %j', (options, count) => {
    const { events, contents } = listen(options);
    const dns = { ...facts, transport: 'udp', remote: { ip: ip('192.0.2.53'), port: 53 } } as const;
    const questions = [{ name: name('a.example'), type: 1 }];
    contents.datagram(dns, 'client', message({ flags: QUERY, questions }), TIME_MS);
    contents.datagram(dns, 'server', message({ flags: RESPONSE, questions }), TIME_MS + 1);
    expect(events).toHaveLength(count);
  });
});

describe('beginnings of bodies', () => {
  const text = (body: Uint8Array | undefined) => body && Buffer.from(body).toString('latin1');
  const bodies = (said: readonly Said[], maxBodyBytes?: number) =>
    hear(said, maxBodyBytes === undefined ? {} : { maxBodyBytes }).flatMap((event) =>
      event.kind === 'http' ? [[text(event.http.requestBody), text(event.http.responseBody)]] : [],
    );
  const POST: readonly Said[] = [
    ['client', 'POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n01234'],
    ['client', '56789'],
    ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n'],
  ];
  const END = h2.endHeaders;
  const framed = (content: string, flags = 0) => h2.frame(0, flags, 1, Buffer.from(content, 'latin1'));
  const STREAM: readonly Said[] = [
    [
      'client',
      h2.join(
        h2.opening(),
        h2.headers(1, h2.request('/a'), END),
        framed('0123'),
        framed('4567', h2.endStream),
      ),
    ],
    ['server', h2.join(h2.settings(), h2.headers(1, h2.status(200), END), framed('abc', h2.endStream))],
  ];
  test.each([
    ['HTTP/1', POST, 100, ['0123456789', 'abcdefg']],
    ['HTTP/1, cut', POST, 5, ['01234', 'abcde']],
    ['HTTP/1, none wanted', POST, 0, [undefined, undefined]],
    ['HTTP/1, by default', POST, undefined, [undefined, undefined]],
    ['HTTP/2', STREAM, 100, ['01234567', 'abc']],
    ['HTTP/2, cut', STREAM, 5, ['01234', 'abc']],
    ['HTTP/2, by default', STREAM, undefined, [undefined, undefined]],
  ])('%s', (_, said, max, expected) => expect(bodies(said, max)).toEqual([expected]));

  test('what follows a gap does not join', () => {
    const { events, contents } = listen({ maxBodyBytes: 100 });
    const stream = contents.openStream(facts);
    stream?.data('client', bytes('POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n012'), TIME_MS);
    stream?.gap('client', 4, false, TIME_MS);
    stream?.data('client', bytes('789'), TIME_MS);
    stream?.data('server', bytes('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), TIME_MS);
    const [event] = events;
    expect(event?.kind === 'http' && text(event.http.requestBody)).toBe('012');
  });
});
