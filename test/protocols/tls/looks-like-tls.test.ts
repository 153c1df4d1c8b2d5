import { expect, test } from 'vitest';
import { beginsWithHello, looksLikeTls } from '../../../src/protocols/tls/looks-like-tls.ts';
import { chromeHello, helloMessage, records, repeated } from './hello-bytes.ts';

const CHROME = chromeHello('example.com');
const EMPTY = [22, 3, 1, 0, 0];

const text = (line: string) => Uint8Array.from(Buffer.from(line, 'latin1'));

test.each<[string, Uint8Array]>([
  ['a hello', records(chromeHello('example.com'))],
  ['its first eleven bytes', records(chromeHello('example.com')).subarray(0, 11)],
  ['the smallest hello', records(helloMessage({ extensions: undefined }))],
  ['a hello in small records', records(CHROME, 50)],
  ...[1, 2, 3, 4, 5].map((size): [string, Uint8Array] => [`records of ${size} bytes`, records(CHROME, size)]),
  ...[1, 2, 3, 4, 5].map((size): [string, Uint8Array] => [
    `a first record of ${size} bytes`,
    Uint8Array.from([...records(CHROME.slice(0, size)), ...records(CHROME.slice(size))]),
  ]),
  ['empty records in front', Uint8Array.from([...EMPTY, ...EMPTY, ...records(CHROME)])],
  [
    'an empty record behind the first byte',
    Uint8Array.from([22, 3, 1, 0, 1, 1, ...EMPTY, ...records(CHROME.slice(1))]),
  ],
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
  ['a ServerHello in small records', records([2, 0, 0, 86, 3, 3, ...repeated(84, 0)], 1)],
  ['an impossible hello in small records', records([1, 0, 0, 5, 3, 3], 1)],
  ['an alert behind the first record', Uint8Array.from([22, 3, 1, 0, 1, 1, 21, 3, 1, 0, 2, 2, 40])],
  [
    'another version behind the first record',
    Uint8Array.from([22, 3, 1, 0, 1, 1, 22, 4, 1, 0, 89, 0, 0, 86, 3, 3]),
  ],
  ['a record that is too long', Uint8Array.from([22, 3, 1, 0x40, 1, 1, 0, 0, 86, 3, 3])],
  ['empty records alone', Uint8Array.from([...EMPTY, ...EMPTY, ...EMPTY])],
  ['an impossible hello', Uint8Array.from([22, 3, 1, 0, 90, 1, 0, 0, 5, 3, 3])],
])('no: %s', (_, bytes) => {
  expect(looksLikeTls(bytes)).toBe(false);
});

test.each([1, 2, 3, 4, 5, 6, 50])('records of %i bytes: undecided until the version is there', (size) => {
  const stream = records(CHROME, size);
  const needed = [36, 21, 16, 16, 16, 11][size - 1] ?? 11;
  for (let end = 0; end <= stream.length; end++)
    expect(beginsWithHello(stream.subarray(0, end))).toBe(end < needed ? undefined : true);
});

test('what cannot become a hello is refused as soon as that is seen', () => {
  expect(beginsWithHello(text('GET /'))).toBe(false);
  expect(beginsWithHello(Uint8Array.from([22, 3, 1, 0, 90, 2]))).toBe(false);
  expect(beginsWithHello(Uint8Array.from([22, 3, 1, 0, 1, 1, 23, 3, 3, 0, 90]))).toBe(false);
});
