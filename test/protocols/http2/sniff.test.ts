import { describe, expect, test } from 'vitest';
import { FRAME, PREFACE } from '../../../src/protocols/http2/frames.ts';
import { looksLikeHttp2 } from '../../../src/protocols/http2/sniff.ts';
import { dice, latin } from '../http1/stream-pieces.ts';
import {
  data,
  endHeaders,
  endStream,
  frame,
  headers,
  join,
  opening,
  request,
  settings,
  settingsAck,
  status,
} from './frame-builder.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const repeat = (bytes: Uint8Array, times: number): Uint8Array =>
  join(...Array.from({ length: times }, () => bytes));
const words = (count: number, write: (view: DataView, i: number) => void): Uint8Array => {
  const bytes = new Uint8Array(count * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) write(view, i);
  return bytes;
};
/** hashicorp/yamux: version, type, flags, stream id, length. */
const yamux = (type: number, flags: number, id: number, length: number): Uint8Array =>
  hex(
    [
      `00${type.toString(16).padStart(2, '0')}`,
      flags.toString(16).padStart(4, '0'),
      id.toString(16).padStart(8, '0'),
      length.toString(16).padStart(8, '0'),
    ].join(''),
  );

const OTHERS: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['zeros', new Uint8Array(4096)],
  ['ones', new Uint8Array(4096).fill(255)],
  [
    'TLS ClientHello',
    hex('16030100c8010000c40303ffeeddccbbaa99887766554433221100ffeeddccbbaa9988776655443322110020aabb'),
  ],
  [
    'TLS application data',
    join(hex('1703030040'), new Uint8Array(64), hex('1703030010'), new Uint8Array(16)),
  ],
  ['HTTP/1 request', latin('GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: h2c\r\n\r\n')],
  ['HTTP/1 response', latin('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')],
  ['the preface cut short', PREFACE.slice(0, 20)],
  ['Redis', latin('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n')],
  ['Redis reply', latin('+OK\r\n:1000\r\n$-1\r\n')],
  [
    'MySQL greeting',
    hex('4a0000000a382e302e3336000b00000026477c0f1a01590a00ffffff0200ffdf15000000000000000000002b3d5f'),
  ],
  ['MySQL OK packets', repeat(hex('0700000200000002000000'), 20)],
  ['MySQL short rows', repeat(hex('010000010301000002'), 20)],
  ['PostgreSQL start', hex('0000002900030000757365720070677265730064617461626173650070677265730000')],
  ['PostgreSQL SSLRequest', hex('0000000804d2162f')],
  ['PostgreSQL ready', repeat(hex('5a0000000549'), 10)],
  ['SSH', latin('SSH-2.0-OpenSSH_9.6\r\n')],
  ['DNS over TCP', hex('001d123401000001000000000000076578616d706c6503636f6d0000010001')],
  ['AMQP', hex('414d51500000090101000000000000000000')],
  ['AMQP heartbeats', repeat(hex('08000000000000ce'), 10)],
  ['Kafka request', hex('0000002300120003000000010009636c69656e742d69640d6b61666b612d6a61766100')],
  ['memcached binary', hex('8000000300000000000000030000000000000000000000006b6579')],
  ['MongoDB', hex('3a0000000100000000000000d407000000000000')],
  ['Thrift', hex('00000018800100010000000470696e6700000001000000000000')],
  [
    'ZooKeeper',
    hex('0000002d0000000000000000000000000000753000000000000000000000001000000000000000000000000000000000'),
  ],
  ['yamux window updates', repeat(yamux(1, 1, 1, 0), 10)],
  ['yamux data', join(yamux(1, 1, 1, 0), yamux(0, 0, 1, 12), new Uint8Array(12), yamux(1, 0, 1, 262144))],
  ['yamux pings', repeat(yamux(2, 1, 0, 7), 10)],
  ['yamux on a large stream', repeat(yamux(0, 0, 65537, 5), 10)],
  [
    'yamux frames of many lengths',
    join(...Array.from({ length: 40 }, (_, i) => join(yamux(0, 0, i * 2 + 1, i), new Uint8Array(i)))),
  ],
  ['SPDY', hex('800300010000000a000000010000000000000000')],
  ['counting words, big endian', words(2000, (view, i) => view.setInt32(i * 4, i))],
  ['counting words, little endian', words(2000, (view, i) => view.setInt32(i * 4, i, true))],
  ['small floats', words(2000, (view, i) => view.setFloat32(i * 4, i / 10))],
  ['bytes that count', Uint8Array.from({ length: 4096 }, (_, i) => i)],
  [
    'length-prefixed blocks',
    join(...Array.from({ length: 50 }, (_, i) => join(hex('000000'), Uint8Array.of(i), new Uint8Array(i)))),
  ],
];

describe('is not taken for HTTP/2', () => {
  test.each(OTHERS)('%s, from any place', (_, bytes) => {
    const places = Array.from({ length: Math.min(bytes.length, 600) }, (_, at) => at);
    expect(places.filter((at) => looksLikeHttp2(bytes.subarray(at)))).toEqual([]);
  });
  test('noise', () => {
    const roll = dice(1);
    for (let i = 0; i < 60_000; i++) {
      const bytes = Uint8Array.from({ length: 64 }, () =>
        roll(3) === 0 ? roll(256) : roll(4) === 0 ? roll(8) : 0,
      );
      if (looksLikeHttp2(bytes)) expect.fail(`noise ${i}: ${Buffer.from(bytes).toString('hex')}`);
    }
  });
  test.each([
    ['a reserved bit', frame(FRAME.data, 0, 0x8000_0001, [1])],
    ['DATA on stream 0', frame(FRAME.data, 0, 0, [1])],
    ['flags that DATA has not', frame(FRAME.data, 4, 1, [1])],
    ['SETTINGS on a stream', frame(FRAME.settings, 0, 1)],
    ['an acknowledgement with settings', frame(FRAME.settings, 1, 0, new Uint8Array(6))],
    ['a short PING', frame(FRAME.ping, 0, 0, [1])],
    ['an empty header block', frame(FRAME.headers, endHeaders, 1)],
    ['a type that is not known', frame(11, 0, 1, [1])],
    ['an even stream', frame(FRAME.headers, endHeaders, 2, [0x82])],
    ['an oversized frame', frame(FRAME.data, 0, 1, new Uint8Array(16_385))],
  ])('%s', (_, bytes) => {
    expect(looksLikeHttp2(join(bytes, settingsAck(), settingsAck()))).toBe(false);
  });
});

describe('is taken for HTTP/2', () => {
  test.each([
    ['the preface', opening()],
    ['the opening of a server', join(settings([3, 100], [4, 65_535]), settingsAck())],
    [
      'two requests',
      join(headers(1001, request('/a'), endHeaders | endStream), headers(1003, request('/b'))),
    ],
    ['a response', join(headers(7, status(200)), data(7, 50), data(7, 3, endStream))],
    [
      'flow control',
      join(frame(FRAME.windowUpdate, 0, 0, [0, 0, 1, 0]), frame(FRAME.ping, 1, 0, new Uint8Array(8))),
    ],
    ['a frame and the header of the next', join(headers(7, status(200)), data(7, 5000)).slice(0, 40)],
  ])('%s', (_, bytes) => {
    expect(looksLikeHttp2(bytes)).toBe(true);
  });
  test('not before the next header is there', () => {
    const bytes = join(headers(7, status(200)), data(7, 50));
    const first = headers(7, status(200)).length;
    expect(looksLikeHttp2(bytes.subarray(0, first + 8))).toBe(false);
    expect(looksLikeHttp2(bytes.subarray(0, first + 9))).toBe(true);
  });
});
