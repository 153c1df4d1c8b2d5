import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClientHello } from '../../../src/protocols/tls/client-hello.ts';
import { ja4 as ja4Over } from '../../../src/protocols/tls/ja4.ts';
import { repeated } from './hello-bytes.ts';

const HELLO: ClientHello = {
  legacyVersion: 0x0303,
  ciphers: [0x1301],
  extensions: [0, 43],
  supportedVersions: [0x0304],
  signatureAlgorithms: [],
  alpn: [],
  serverName: 'example.com',
};
const ja4 = (hello: ClientHello) => ja4Over(hello, 'tcp');
const head = (parts: Partial<ClientHello>) => ja4({ ...HELLO, ...parts }).split('_')[0];
const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);
const alpn = (...octets: readonly number[]) => [Uint8Array.from(octets)];

describe('the readable part', () => {
  test.each<[string, Partial<ClientHello>, string]>([
    ['TLS 1.3 with a name', {}, 't13d010200'],
    ['no name', { extensions: [43] }, 't13i010100'],
    [
      'the highest version, wherever it stands',
      { supportedVersions: [0x0302, 0x0304, 0x0303] },
      't13d010200',
    ],
    ['the old version field', { supportedVersions: [] }, 't12d010200'],
    ['TLS 1.0', { supportedVersions: [], legacyVersion: 0x0301 }, 't10d010200'],
    ['SSL 3.0', { supportedVersions: [], legacyVersion: 0x0300 }, 'ts3d010200'],
    ['an unknown version', { supportedVersions: [0x0305] }, 't00d010200'],
    [
      'more than 99 of either',
      { ciphers: repeated(120, 1), extensions: [...Array(130).keys()] },
      't13d999900',
    ],
    // The examples of the description.
    ['h2', { alpn: alpn(0x68, 0x32) }, 't13d0102h2'],
    ['http/1.1', { alpn: [Uint8Array.from(Buffer.from('http/1.1'))] }, 't13d0102h1'],
    ['one character', { alpn: alpn(0x78) }, 't13d0102xx'],
    ['an empty name', { alpn: alpn() }, 't13d010200'],
    ['AB', { alpn: alpn(0xab) }, 't13d0102ab'],
    ['AB CD', { alpn: alpn(0xab, 0xcd) }, 't13d0102ad'],
    ['30 AB', { alpn: alpn(0x30, 0xab) }, 't13d01023b'],
    ['30 31 AB CD', { alpn: alpn(0x30, 0x31, 0xab, 0xcd) }, 't13d01023d'],
    ['30 AB CD 31', { alpn: alpn(0x30, 0xab, 0xcd, 0x31) }, 't13d010201'],
  ])('%s', (_, parts, expected) => {
    expect(head(parts)).toBe(expected);
  });
});

test('no ciphers, and no extensions but name and protocol, give zeros', () => {
  expect(ja4({ ...HELLO, ciphers: [], extensions: [0, 16] })).toBe('t13d000200_000000000000_000000000000');
});

test('published: the same extensions without signature algorithms', () => {
  const extensions = [
    0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0xd, 5, 0x23, 0x12, 0x2b, 0xff01, 0xb, 0xa, 0x15,
  ];
  expect(ja4({ ...HELLO, extensions }).split('_')[2]).toBe('6d807ffa2a79');
});

test('over QUIC only the first character differs', () => {
  const hello = {
    ...HELLO,
    ciphers: [0x1302, 0x1303, 0x1301],
    alpn: alpn(0x68, 0x33),
    extensions: [0, 43, 57],
  };
  expect(ja4Over(hello, 'quic')).toBe(`q${ja4(hello).slice(1)}`);
  // Published: the three suites of TLS 1.3, as browsers offer them over QUIC.
  expect(ja4Over(hello, 'quic')).toMatch(/^q13d0303h3_55b375c5d22e_/);
});

test('the hashes, as another implementation computes them', () => {
  const number = fc.integer({ min: 0, max: 0xffff });
  const numbers = fc.uniqueArray(number, { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      numbers,
      numbers,
      fc.array(number, { maxLength: 20 }),
      (ciphers, extensions, signatureAlgorithms) => {
        const hex = (values: readonly number[]) =>
          values.map((v) => Buffer.from([v >> 8, v & 255]).toString('hex'));
        const kept = hex(extensions).filter((type) => type !== '0000' && type !== '0010');
        const tail = signatureAlgorithms.length > 0 ? `_${hex(signatureAlgorithms).join()}` : '';
        const expected = kept.length === 0 ? '0'.repeat(12) : sha(kept.sort().join() + tail);
        const [, b, c] = ja4({ ...HELLO, ciphers, extensions, signatureAlgorithms }).split('_');
        expect(b).toBe(sha(hex(ciphers).sort().join()));
        expect(c).toBe(expected);
      },
    ),
    { numRuns: 500 },
  );
});
