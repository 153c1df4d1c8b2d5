import { expect, test } from 'vitest';
import { isLikelyDns, isLikelyDnsStream } from '../../../src/protocols/dns/likely.ts';
import {
  ascii,
  fromHex,
  message,
  name,
  opt,
  QUERY,
  RESPONSE,
  string,
  u16,
  usualResponse,
  v4,
} from './encode.ts';

const asked = (text: string, type = 1) => [{ name: name(text), type }];
const likely = (bytes: Uint8Array) => isLikelyDns(bytes, 0, bytes.length);
const framed = (bytes: Uint8Array) => Uint8Array.from([...u16(bytes.length), ...bytes]);
const long = (octets: readonly number[], length: number) =>
  Uint8Array.from({ length }, (_, i) => octets[i] ?? 0);

test.each<[string, Uint8Array]>([
  ['a query', message({ flags: QUERY, questions: asked('www.example.com') })],
  ['a query with EDNS', message({ flags: QUERY, questions: asked('example.com', 28), additionals: [opt()] })],
  ['a query for the root', message({ flags: QUERY, questions: asked('.', 2) })],
  [
    'a tunnel query',
    message({ flags: QUERY, questions: asked(`\xff\x00${'x'.repeat(40)}.example.com`, 65_399) }),
  ],
  ['a usual response', usualResponse()],
  ['NXDOMAIN without records', message({ flags: RESPONSE | 3, questions: asked('nx.example.com') })],
  [
    'a multicast announcement',
    message({
      flags: 0x8400,
      answers: [{ name: name('a.local'), type: 1, class: 0x8001, data: v4('192.0.2.1') }],
    }),
  ],
])('yes: %s, as a datagram and in a stream', (_, bytes) => {
  expect(likely(bytes)).toBe(true);
  const stream = framed(bytes);
  expect(isLikelyDnsStream(stream, 0, stream.length)).toBe(true);
  expect(likely(Uint8Array.from([...bytes, 0]))).toBe(false);
  expect(likely(bytes.subarray(0, -1))).toBe(false);
});

test('a stream of which the first message is not all there yet', () => {
  const stream = framed(usualResponse());
  for (let end = 0; end <= stream.length; end++) {
    expect(isLikelyDnsStream(stream, 0, end)).toBe(end >= 2 + 12 + 17 + 4);
  }
});

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['zeros', new Uint8Array(64)],
  ['ones', new Uint8Array(64).fill(255)],
  ['an NTP client request', long(fromHex('230006ec 00000000 00000000 4c4f434c'), 48)],
  ['an NTP server reply', long(fromHex('240306e8 00000315 00000571 c0000201 e5d2c1f3 a5b6c7d8'), 48)],
  ['a STUN request', Uint8Array.from(fromHex('0001 0000 2112a442 000102030405060708090a0b'))],
  ['a TFTP read', Uint8Array.from([0, 1, ...ascii('boot.img'), 0, ...ascii('octet'), 0])],
  ['DHCP discover', long(fromHex('01010600 3903f326 00000000 00000000'), 300)],
  ['an RTP packet', long(fromHex('8000 0001 00000160 deadbeef'), 172)],
  ['a QUIC initial', long(fromHex('c3 00000001 08 8394c8f03e515708 00 00 449e'), 1200)],
  ['a WireGuard initiation', long(fromHex('01000000 11223344'), 148)],
  [
    'SIP',
    Uint8Array.from(ascii('OPTIONS sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n')),
  ],
  ['memcached over UDP', Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 0, ...ascii('get somekey\r\n')])],
  ['syslog', Uint8Array.from(ascii('<34>Oct 11 22:14:15 host su: failed for user on /dev/pts/8'))],
  ['statsd', Uint8Array.from(ascii('requests.count:1|c|#env:prod'))],
  [
    'SNMP',
    Uint8Array.from([48, 38, 2, 1, 1, 4, 6, ...ascii('public'), 160, 25, 2, 4, 1, 2, 3, 4, 2, 1, 0, 2, 1, 0]),
  ],
  ['a reserved opcode', message({ flags: 0x3900, questions: asked('example.com') })],
  ['the reserved bit', message({ flags: 0x0140, questions: asked('example.com') })],
  ['a query with a response code', message({ flags: 0x0103, questions: asked('example.com') })],
  ['an unknown class', message({ flags: QUERY, questions: [{ name: name('a'), type: 1, class: 77 }] })],
  ['a compressed first name', message({ flags: QUERY, questions: [{ name: [0xc0, 0x0c], type: 1 }] })],
  ['an HTTP request', Uint8Array.from(ascii('GET / HTTP/1.1\r\nhost: example.com\r\n\r\n'))],
  ['a TLS record', Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...string('x'.repeat(60))])],
])('no: %s', (_, bytes) => {
  expect(likely(bytes)).toBe(false);
  expect(isLikelyDnsStream(bytes, 0, bytes.length)).toBe(false);
});

test('random datagrams are not taken for it', () => {
  let state = 0x2545f491;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  let taken = 0;
  for (let i = 0; i < 100_000; i++) {
    // The first bytes as small as in real headers, where noise would be told apart at once.
    const bytes = Uint8Array.from({ length: 20 + (next() % 60) }, (_, at) =>
      at < 12 && at > 1 ? next() & 1 : next() >>> 11,
    );
    if (likely(bytes)) taken++;
  }
  expect(taken).toBeLessThan(5);
});
