import { describe, expect, test } from 'vitest';
import type { StreamConsumer } from '../../src/model/conversation.ts';
import { createStreamRouter } from '../../src/protocols/router.ts';
import { chromeHello, records } from './tls/hello-bytes.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const REQUEST = 'GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n';

/** Notes every call that reaches it. */
function recorder() {
  const calls: string[] = [];
  const consumer: StreamConsumer = {
    data: (side, data, timeMs) => void calls.push(`${side} ${String.fromCharCode(...data)} @${timeMs}`),
    gap: (side, length, aligned, timeMs) => void calls.push(`gap ${side} ${length} ${aligned} @${timeMs}`),
    end: (timeMs, reset) => void calls.push(`end ${reset} @${timeMs}`),
  };
  return { calls, consumer };
}

describe('routing a stream', () => {
  test.each(Array.from({ length: REQUEST.length - 1 }, (_, at) => at + 1))(
    'split behind byte %i: the reader gets every byte once, in order',
    (at) => {
      const { calls, consumer } = recorder();
      const opened: string[] = [];
      const router = createStreamRouter(80, (protocol) => {
        opened.push(protocol);
        return consumer;
      });
      router.data('client', bytes(REQUEST.slice(0, at)), 1);
      router.data('client', bytes(REQUEST.slice(at)), 2);
      router.end(3, false);
      expect(opened).toEqual(['http1']);
      expect(calls).toEqual([
        `client ${REQUEST.slice(0, at)} @1`,
        `client ${REQUEST.slice(at)} @2`,
        'end false @3',
      ]);
    },
  );

  test('keeps its own copy of what it holds back', () => {
    const { calls, consumer } = recorder();
    const router = createStreamRouter(80, () => consumer);
    const reused = bytes('GET');
    router.data('client', reused, 1);
    reused.fill(0);
    router.data('client', bytes(' / HTTP/1.1\r\n'), 2);
    expect(calls[0]).toBe('client GET @1');
  });

  test('hands on a gap that came before the first byte', () => {
    const { calls, consumer } = recorder();
    const router = createStreamRouter(80, () => consumer);
    router.gap('client', 0, false, 1);
    router.data('server', bytes('HTTP/1.1 200 OK\r\n'), 2);
    expect(calls).toEqual(['gap client 0 false @1', 'server HTTP/1.1 200 OK\r\n @2']);
  });

  test('a stream that nobody reads costs nothing, and one that ends early is unknown', () => {
    const opened: string[] = [];
    const router = createStreamRouter(22, (protocol) => void opened.push(protocol));
    router.data('client', bytes('SSH-2.0'), 1);
    router.end(2, true);
    router.data('client', bytes('late'), 3);
    expect(opened).toEqual(['unknown']);
  });

  test('holds back a bounded number of bytes that say nothing', () => {
    const opened: string[] = [];
    const router = createStreamRouter(80, (protocol) => void opened.push(protocol));
    for (let i = 0; i < 1000; i++) router.gap('client', 1, false, i);
    router.data('client', bytes('G'), 1000);
    expect(opened).toEqual(['unknown']);
  });
});

const latin1 = (octets: Uint8Array): string => String.fromCharCode(...octets);
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n\x21\x11';
const LINE = 'PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n';
const BINARY = `${SIGNATURE}\0\x0c${'a'.repeat(12)}`;
const LONG = `${SIGNATURE}\x01\x2c${'b'.repeat(300)}`;
const HELLO = latin1(records(chromeHello('example.com')));
const TINY = latin1(records(chromeHello('example.com'), 1)).slice(0, 200);
const HTTP2 = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

/** Everything that a client says, in pieces, through a router: what was opened, and what its consumer got. */
function route(pieces: readonly string[], port = 443) {
  const { calls, consumer } = recorder();
  const opened: string[] = [];
  const router = createStreamRouter(port, (protocol) => {
    opened.push(protocol);
    return consumer;
  });
  for (const piece of pieces) router.data('client', bytes(piece), 1);
  const got = calls.map((call) => call.slice('client '.length, -' @1'.length)).join('');
  return { opened, got, calls };
}

describe('empty lines in front of a request', () => {
  const { length } = REQUEST;
  test.each([1, 2, 32, 33, 127, 128, 300, 5_000])('%i, at once and in pieces', (count) => {
    const empty = '\r\n'.repeat(count);
    for (const pieces of [
      [empty + REQUEST],
      [empty, REQUEST],
      [empty, REQUEST.slice(0, 2), REQUEST.slice(2)],
      [...Array.from({ length: count }, () => '\r\n'), REQUEST],
      ['\n', empty + REQUEST.slice(0, 1), REQUEST.slice(1)],
    ]) {
      const { opened, got } = route(pieces, 80);
      expect(opened).toEqual(['http1']);
      expect(got.slice(-length)).toBe(REQUEST);
    }
  });

  test('are no way to let others wait: what never speaks is not held', () => {
    const { opened, calls } = route(
      Array.from({ length: 10_000 }, () => '\r\n\r\n'),
      80,
    );
    expect([opened, calls]).toEqual([[], []]);
  });

  test('a gap among them stays told', () => {
    const { calls, consumer } = recorder();
    const router = createStreamRouter(80, () => consumer);
    router.data('client', bytes('\r\n\r\n\r\n'), 1);
    router.gap('client', 5, false, 2);
    router.data('client', bytes(`\r\n${REQUEST}`), 3);
    expect(calls.some((call) => call.startsWith('client gap') || call.includes('gap'))).toBe(true);
  });
});

describe('a PROXY header', () => {
  const HEADERS = [
    ['version 1', LINE],
    ['version 1 without addresses', 'PROXY UNKNOWN\r\n'],
    ['version 2', BINARY],
    ['version 2 with fields', LONG],
  ] as const;
  const SPOKEN = [
    ['tls', HELLO],
    ['tls', TINY],
    ['http2', HTTP2],
    ['http1', REQUEST],
  ] as const;
  const rows = HEADERS.flatMap(([name, header]) =>
    SPOKEN.map(([protocol, said]) => ({ name, header, protocol, said })),
  );

  test.each(rows)('$name in front of $protocol, cut anywhere', ({ header, protocol, said }) => {
    const stream = header + said;
    for (let cut = 0; cut <= header.length + 40; cut++) {
      const { opened, got } = route([stream.slice(0, cut), stream.slice(cut)]);
      expect({ cut, opened, got }).toEqual({ cut, opened: [protocol], got: said });
    }
  });

  test.each(rows.filter(({ header }) => header !== LONG))(
    '$name in front of $protocol, byte by byte',
    ({ header, protocol, said }) => {
      const { opened, got } = route(Array.from(header + said));
      expect(opened).toEqual([protocol]);
      expect(got).toBe(said);
    },
  );

  test('only one, only in front of everything, and only of a client', () => {
    expect(route([LINE + LINE + HELLO]).opened).not.toContain('tls');
    expect(route([`x${LINE}${HELLO}`]).opened).toEqual(['unknown']);
    const opened: string[] = [];
    const router = createStreamRouter(443, (protocol) => void opened.push(protocol));
    router.data('server', bytes(BINARY + HELLO), 1);
    expect(opened).toEqual(['unknown']);
  });

  test('what follows may be unknown, and DNS goes by its port', () => {
    expect(route([BINARY, 'x'.repeat(300)]).opened).toEqual(['unknown']);
    expect(route([BINARY.slice(0, 3)], 53).opened).toEqual(['dns']);
  });

  test('the largest header is held, and no more', () => {
    const header = `${SIGNATURE}\xff\0${'c'.repeat(65_280)}`;
    const pieces = Array.from({ length: 66 }, (_, at) => header.slice(at * 1000, at * 1000 + 1000));
    expect(route([...pieces, HELLO])).toMatchObject({ opened: ['tls'], got: HELLO });
    const never = Array.from({ length: 67 }, () => 'c'.repeat(1000));
    expect(route([`${SIGNATURE}\xff\xff`, ...never]).opened).toEqual(['unknown']);
  });

  test('gaps and the other side are told as they came', () => {
    const { calls, consumer } = recorder();
    const router = createStreamRouter(443, () => consumer);
    router.gap('client', 0, false, 1);
    router.data('client', bytes(LINE.slice(0, 9)), 2);
    router.data('server', bytes('hm'), 3);
    router.data('client', bytes(LINE.slice(9) + HELLO.slice(0, 5)), 4);
    router.data('client', bytes(HELLO.slice(5)), 5);
    router.end(6, false);
    expect(calls).toEqual([
      'gap client 0 false @1',
      'server hm @3',
      `client ${HELLO.slice(0, 5)} @4`,
      `client ${HELLO.slice(5)} @5`,
      'end false @6',
    ]);
  });
});
