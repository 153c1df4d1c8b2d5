import { describe, expect, test } from 'vitest';
import type { Side } from '../../src/model/conversation.ts';
import { isUnrecognised, SNIFF_BYTES, sniffStream } from '../../src/protocols/sniff.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const HELLO = Uint8Array.from([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]);
/** The message in records of one byte, up to its version. */
const TINY = Uint8Array.from([1, 0, 0, 196, 3, 3].flatMap((byte) => [22, 3, 1, 0, 1, byte]));
const SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];

describe('what a stream speaks', () => {
  test.each<[string, Side, Uint8Array, number, string | undefined]>([
    ['a request', 'client', bytes('GET / HTTP/1.1\r\n'), 8080, 'http1'],
    ['a request behind empty lines', 'client', bytes('\r\n\n\r\nGET / HTTP/1.1\r\n'), 8080, 'http1'],
    ['a method that is not looked for behind gaps', 'client', bytes('PATCH /a HTTP/1.1\r\n'), 80, 'http1'],
    ['a proxy request', 'client', bytes('GET http://example.com/ HTTP/1.1'), 3128, 'http1'],
    ['a tunnel request', 'client', bytes('CONNECT [2001:db8::1]:443 HTTP/1.1'), 3128, 'http1'],
    ['OPTIONS *', 'client', bytes('OPTIONS * HTTP/1.1'), 80, 'http1'],
    ['a response first, joining late', 'server', bytes('HTTP/1.1 200 OK'), 80, 'http1'],
    ['the preface of HTTP/2', 'client', bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 80, 'http2'],
    ['a part of the preface', 'client', bytes('PRI * HTTP/2'), 80, undefined],
    ['frames of a server', 'server', Uint8Array.from([...SETTINGS, ...SETTINGS, 0]), 80, 'http2'],
    ['a TLS hello', 'client', HELLO, 80, 'tls'],
    ['a TLS hello in records of one byte', 'client', TINY, 80, 'tls'],
    ['its beginning', 'client', TINY.subarray(0, -1), 80, undefined],
    ['DNS over TCP, by its port', 'client', Uint8Array.from([0]), 53, 'dns'],
    ['lower case is no method', 'client', bytes('get / HTTP/1.1'), 80, undefined],
    ['SSH, at first', 'client', bytes('SSH-2.0-OpenSSH_9.2\r\n'), 22, undefined],
    ['SSH, after enough bytes', 'client', bytes('SSH-2.0-'.padEnd(SNIFF_BYTES, 'x')), 22, 'unknown'],
    ['Redis', 'client', bytes('*1\r\n$4\r\nPING\r\n'.padEnd(SNIFF_BYTES, '\0')), 6379, 'unknown'],
    ['zeros', 'client', new Uint8Array(SNIFF_BYTES), 80, 'unknown'],
    ['nothing', 'client', new Uint8Array(0), 80, undefined],
  ])('%s', (_, side, head, port, expected) => {
    expect(sniffStream(side, head, port)).toBe(expected);
  });
});

test.each<[string, Uint8Array, boolean]>([
  ['a protocol of its own', bytes('\u0001\u0002hello\n'), true],
  ['lower case', bytes('hello there'), true],
  ['a request', bytes('GET / HTTP/1.1'), false],
  ['the preface', bytes('PRI * HTTP/2.0\r\n\r\n'), false],
  ['frames', Uint8Array.from([...SETTINGS, ...SETTINGS, 0]), false],
  ['a TLS hello', HELLO, false],
  ['the beginning of a TLS hello', HELLO.subarray(0, 9), false],
  ['the beginning of one in small records', TINY.subarray(0, 14), false],
  ['what only begins like one', Uint8Array.from([22, 3, 1, 0, 200, 2, 0, 0]), true],
  ['too little to tell', bytes('\u0001\u0002'), false],
  ['PROXY protocol, version 1', bytes('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'), false],
  ['PROXY protocol, version 2', bytes('\r\n\r\n\0\r\nQUIT\n'), false],
])('%s is unrecognised: %j', (_name, head, expected) => {
  expect(isUnrecognised(head)).toBe(expected);
});
