import { expect, test } from 'vitest';
import { servingEndOf } from '../../../src/capture/replay/serving-end-of.ts';
import { createPacketView } from '../../../src/net/packet/packet-view.ts';
import { FRAME } from '../../../src/protocols/http2/frames.ts';
import { message as dns, name, QUERY } from '../../protocols/dns/encode.ts';
import * as h2 from '../../protocols/http2/frame-builder.ts';
import { helloMessage, records, sni } from '../../protocols/tls/hello-bytes.ts';
import { type Bytes, concat, fields, text } from '../../support/packets.ts';

const question = dns({ flags: QUERY, questions: [{ name: name('a.example'), type: 1 }] });

function endOf(payload: Bytes, ports = { srcPort: 50_000, dstPort: 8080 }): string | undefined {
  const bytes = concat(text('before'), payload, text('behind'));
  return servingEndOf({ ...createPacketView(), ...ports, bytes, at: 6, end: 6 + payload.length });
}

test.each<[string, Bytes, string | undefined]>([
  ['a request', text('POST /x HTTP/1.1\r\nHost: a\r\n\r\n'), 'target'],
  ['a response', text('HTTP/1.1 200 OK\r\n\r\n'), 'source'],
  ['words in capitals', text('ERROR in line 5'), undefined],
  ['a ClientHello', records(helloMessage({ extensions: [sni('a.example')] })), 'target'],
  [
    'a ServerHello',
    concat(fields([8, 22], [16, 0x0303], [16, 40], [32, 0x0200_0024], [16, 0x0303])),
    'source',
  ],
  ['a request of Redis', text('*1\r\n$4\r\nPING\r\n'), 'target'],
  ['the greeting of NATS', text('INFO {"server_id":"x"}'), 'source'],
  ['an identification of SSH', text('SSH-2.0-x\r\n'), 'either'],
  ['a text that Memcached could take', text('set the table'), 'either'],
  ['the preface of HTTP/2', h2.opening(), 'target'],
  ['HTTP/2: a request', h2.headers(7, h2.request('/a')), 'target'],
  ['HTTP/2: a response', h2.headers(7, h2.status(200)), 'source'],
  ['HTTP/2: a response behind data', h2.join(h2.data(5, 10), h2.headers(7, h2.status(404))), 'source'],
  ['HTTP/2: trailers', h2.headers(7, [['grpc-status', '0']]), undefined],
  ['HTTP/2: by the static table', h2.frame(FRAME.headers, 4, 7, [0x83, 0x86]), 'target'],
  ['HTTP/2: behind what is not known', h2.frame(FRAME.headers, 4, 7, [0xbf, 0x88]), 'source'],
  ['HTTP/2: nothing is known', h2.frame(FRAME.headers, 4, 7, [0xbf, 0xbe]), undefined],
  [
    'HTTP/2: with padding and priority',
    h2.frame(FRAME.headers, 0x2c, 7, [2, 0, 0, 0, 0, 9, 0x88, 0, 0]),
    'source',
  ],
  ['HTTP/2: all padding', h2.frame(FRAME.headers, 0x0c, 7, [2, 0, 0]), undefined],
  ['HTTP/2: cut', h2.headers(7, h2.request('/a')).subarray(0, 25), 'target'],
  ['HTTP/2: its header alone', h2.headers(7, h2.request('/a')).subarray(0, 9), undefined],
  ['zeros', new Uint8Array(40), undefined],
  ['one byte', text('x'), undefined],
])('%s', (_, payload, end) => {
  expect(endOf(payload)).toBe(end);
});

test('DNS at its ports alone', () => {
  const inStream = concat(fields([16, question.length]), question);
  expect(endOf(inStream)).toBeUndefined();
  expect(endOf(inStream, { srcPort: 50_000, dstPort: 5353 })).toBe('target');
  const answer = Uint8Array.from(inStream);
  answer[4] = (answer[4] ?? 0) | 0x80;
  expect(endOf(answer, { srcPort: 53, dstPort: 53 })).toBe('source');
});
