import { expect, test } from 'vitest';
import { looksLikeTls } from '../../../src/protocols/tls/looks-like-tls.ts';
import { chromeHello, helloMessage, records, repeated } from './hello-bytes.ts';

const text = (line: string) => Uint8Array.from(Buffer.from(line, 'latin1'));

test.each<[string, Uint8Array]>([
  ['a hello', records(chromeHello('example.com'))],
  ['its first eleven bytes', records(chromeHello('example.com')).subarray(0, 11)],
  ['the smallest hello', records(helloMessage({ extensions: undefined }))],
  ['a hello in small records', records(chromeHello('example.com'), 50)],
])('yes: %s', (_, bytes) => {
  expect(looksLikeTls(bytes)).toBe(true);
});

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['ten bytes', records(chromeHello('example.com')).subarray(0, 10)],
  ['HTTP', text('GET / HTTP/1.1\r\n\r\n')],
  ['HTTP/2', text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['SSH', text('SSH-2.0-OpenSSH_9.2\r\n')],
  ['zeros', new Uint8Array(40)],
  ['a ServerHello', Uint8Array.from([22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3, ...repeated(84, 0)])],
  ['application data', Uint8Array.from([23, 3, 3, 0, 90, 1, 0, 0, 86, 3, 3])],
  ['a version from the future', Uint8Array.from([22, 4, 0, 0, 90, 1, 0, 0, 86, 3, 3])],
  ['an impossible hello', Uint8Array.from([22, 3, 1, 0, 90, 1, 0, 0, 5, 3, 3])],
])('no: %s', (_, bytes) => {
  expect(looksLikeTls(bytes)).toBe(false);
});
