import { describe, expect, it } from 'vitest';
import {
  PAYLOAD_PROTOCOLS,
  type PayloadProtocol,
  payloadProtocol,
} from '../../src/protocols/payload-protocol.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const DNS = hex('1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001');

const ROWS: readonly (readonly [PayloadProtocol | undefined, 'tcp' | 'udp', Uint8Array])[] = [
  ['http', 'tcp', bytes('GET / HTTP/1.1\r\nHost: example.com\r\n')],
  ['http', 'tcp', bytes('CONNECT example.com:443 HTTP/1.1\r\n')],
  ['http', 'tcp', bytes('HTTP/1.1 200 OK\r\n')],
  ['http2', 'tcp', bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['tls', 'tcp', hex('16 0301 00c8 01 0000c4 0303 0000')],
  ['tls', 'tcp', hex('16 0303 007a 02 000076 0303 0000')],
  ['ssh', 'tcp', bytes('SSH-2.0-OpenSSH_9.2\r\n')],
  ['smb', 'tcp', hex('00000090 fe534d42 4000')],
  ['smb', 'tcp', hex('00000090 ff534d42 7200')],
  ['rdp', 'tcp', hex('03000013 0ee00000 00000001 0008000b 000000')],
  ['rdp', 'tcp', new Uint8Array([...hex('0300002b 26e00000 000000'), ...bytes('Cookie: mstshash=user\r\n')])],
  ['vnc', 'tcp', bytes('RFB 003.008\n')],
  ['redis', 'tcp', bytes('*2\r\n$3\r\nGET\r\n$1\r\na\r\n')],
  ['mysql', 'tcp', new Uint8Array([...hex('4a000000 0a'), ...bytes('8.0.36\0....')])],
  ['postgresql', 'tcp', new Uint8Array([...hex('00000029 00030000'), ...bytes('user\0app\0')])],
  ['postgresql', 'tcp', hex('00000008 04d2162f')],
  ['smtp', 'tcp', bytes('EHLO mail.example.com\r\n')],
  ['bittorrent', 'tcp', bytes('\u0013BitTorrent protocol........')],
  ['stratum', 'tcp', bytes('{"id":1,"jsonrpc":"2.0","method":"login","params":{}}\n')],
  ['stratum', 'tcp', bytes('{"id": 1, "method": "mining.subscribe", "params": []}\n')],
  ['dns', 'tcp', new Uint8Array([0, DNS.length, ...DNS])],
  ['dns', 'udp', DNS],
  ['quic', 'udp', hex('c3 00000001 08 0102030405060708')],
  // What is none of them.
  [undefined, 'tcp', new Uint8Array(0)],
  [undefined, 'tcp', bytes('G')],
  [undefined, 'tcp', bytes('HELP me\r\n')],
  [undefined, 'tcp', bytes('NICK someone\r\n')],
  [undefined, 'tcp', bytes('220 mail.example.com ESMTP\r\n')],
  [undefined, 'tcp', bytes('{"id":1,"jsonrpc":"2.0","method":"eth_blockNumber"}')],
  [undefined, 'tcp', hex('16 0301')],
  [undefined, 'tcp', hex('17 0303 0020 0000000000000000')],
  [undefined, 'udp', hex('1b 00000000 00000000 00000000')],
  [undefined, 'udp', hex('c3 00000009 08 0102030405060708')],
  [undefined, 'udp', bytes('GET / HTTP/1.1\r\n')],
];

describe('what a packet speaks', () => {
  it.each(ROWS.map((row, i) => [i, ...row] as const))('%i: %s over %s', (_, protocol, transport, payload) => {
    expect(payloadProtocol(transport, payload)).toBe(protocol);
  });

  it('every protocol has a row', () => {
    expect(PAYLOAD_PROTOCOLS.filter((name) => !ROWS.some(([protocol]) => protocol === name))).toEqual([]);
  });

  it('no cut of any of them, and no noise, makes it throw', () => {
    for (const [, transport, payload] of ROWS)
      for (let size = 0; size <= payload.length; size++)
        payloadProtocol(transport, payload.subarray(0, size));
    let state = 1;
    for (let i = 0; i < 20_000; i++) {
      const noise = Uint8Array.from({ length: 96 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 24;
      });
      for (const transport of ['tcp', 'udp'] as const) payloadProtocol(transport, noise);
    }
  });
});
