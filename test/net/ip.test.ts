import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IpAddress } from '../../src/model/ip-address.ts';
import {
  compareIps,
  formatIp,
  ipEquals,
  ipFromWords,
  ipKey,
  ipv4FromWord,
  parseIp,
} from '../../src/net/ip.ts';

const word = fc.oneof(
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const anyWords = fc.tuple(word, word, word, word);
const anyIp = fc.oneof(
  word.map(ipv4FromWord),
  anyWords.map((words) => ipFromWords(words)),
);

describe('parseIp', () => {
  test.each([
    ['0.0.0.0', 0],
    ['255.255.255.255', 0xffffffff],
    ['192.0.2.1', 0xc0000201],
    ['198.51.100.50', 0xc6336432],
    ['::ffff:192.0.2.1', 0xc0000201],
    ['::FFFF:C000:0201', 0xc0000201],
    ['0:0:0:0:0:ffff:192.0.2.1', 0xc0000201],
  ])('%s is IPv4', (text, value) => {
    expect(parseIp(text)).toEqual(ipv4FromWord(value));
  });

  test.each([
    ['::', [0, 0, 0, 0]],
    ['::1', [0, 0, 0, 1]],
    ['1::', [0x10000, 0, 0, 0]],
    ['2001:db8::1', [0x20010db8, 0, 0, 1]],
    ['2001:DB8:BAD::', [0x20010db8, 0x0bad0000, 0, 0]],
    ['1:2:3:4:5:6:7:8', [0x10002, 0x30004, 0x50006, 0x70008]],
    ['1:2:3:4:5:6:7::', [0x10002, 0x30004, 0x50006, 0x70000]],
    ['::2:3:4:5:6:7:8', [0x2, 0x30004, 0x50006, 0x70008]],
    ['64:ff9b::192.0.2.33', [0x64ff9b, 0, 0, 0xc0000221]],
    ['1:2:3:4:5:6:192.0.2.1', [0x10002, 0x30004, 0x50006, 0xc0000201]],
    ['::192.0.2.1', [0, 0, 0, 0xc0000201]],
    ['ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255', [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]],
  ])('%s is IPv6', (text, [w0, w1, w2, w3]) => {
    expect(parseIp(text)).toEqual({ family: 6, w0, w1, w2, w3 });
  });

  test.each([
    '',
    '.',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..3.4',
    '01.2.3.4',
    '1.2.3.00',
    '0127.0.0.1',
    '0x7f.0.0.1',
    '256.1.1.1',
    '1.2.3.4294967297',
    '4294967423.0.0.1',
    '1.2',
    '16909060',
    '-1.2.3.4',
    '+1.2.3.4',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1.2.3.4\0',
    '１.2.3.4',
    '1.2.3.4/32',
    ':',
    ':::',
    '1:',
    ':1',
    '1::2::3',
    '1:::2',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    '00001::',
    'g::',
    'fe80::1%eth0',
    '[::1]',
    '::1.2.3',
    '::1.2.3.4.5',
    '::01.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '2001:db8::1/64',
    'x'.repeat(100_000),
    '0:'.repeat(100_000),
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test('accepts exactly what node:net accepts, zones aside', () => {
    const alphabet = fc.constantFrom(...'0123456789abcdefABF:::::....gx '.split(''));
    const text = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 46 }),
      fc
        .array(fc.constantFrom('0', 'ffff', '1', 'db8', '', '00ab', '192.0.2.1', '10000'), { maxLength: 10 })
        .map((x) => x.join(':')),
      fc.array(fc.constantFrom('0', '1', '255', '256', '01', ''), { maxLength: 6 }).map((x) => x.join('.')),
    );
    fc.assert(
      fc.property(text, (sample) => {
        expect(parseIp(sample) !== undefined).toBe(isIPv4(sample) || isIPv6(sample));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('formatIp', () => {
  test.each([
    ['2001:0DB8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['203.0.113.66', '203.0.113.66'],
  ])('%s becomes %s', (text, canonical) => {
    expect(formatIp(parseIp(text) as IpAddress)).toBe(canonical);
  });

  test('text and address are equal both ways, and IPv6 text is what URL makes of it', () => {
    fc.assert(
      fc.property(anyIp, (ip) => {
        const text = formatIp(ip);
        expect(parseIp(text)).toEqual(ip);
        if (ip.family === 6) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      { numRuns: 5000 },
    );
  });
});

test('ipFromWords reads at an offset, takes signed words, and gives IPv4 for mapped addresses', () => {
  const record = Int32Array.of(7, 0, 0, 0xffff, 0xc0000201 | 0, 0x20010db8, 0, 0, -1);
  expect(ipFromWords(record, 1)).toEqual(ipv4FromWord(0xc0000201));
  expect(ipFromWords(record, 5)).toEqual({ family: 6, w0: 0x20010db8, w1: 0, w2: 0, w3: 0xffffffff });
});

test('keys, equality and order agree', () => {
  fc.assert(
    fc.property(anyIp, anyIp, (a, b) => {
      const same = a.family === b.family && formatIp(a) === formatIp(b);
      expect(ipEquals(a, b)).toBe(same);
      expect(ipKey(a) === ipKey(b)).toBe(same);
      expect(compareIps(a, b) === 0).toBe(same);
      expect(Math.sign(compareIps(a, b)) + Math.sign(compareIps(b, a))).toBe(0);
    }),
  );
  expect(ipKey(ipv4FromWord(1))).not.toBe(ipKey(ipFromWords([0, 0, 0, 1])));
});
