import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, ipFromWords, ipv4FromWord, parseIp } from '../../src/net/ip.ts';
import {
  formatRange,
  isWholeFamily,
  parseNetwork,
  parsePrefix,
  parseRange,
  prefixRange,
} from '../../src/net/prefix.ts';

/** `first..last` and a mark for host bits, or the reason. */
function told(text: string): string {
  const parsed = parseNetwork(text);
  if (!parsed.ok) return parsed.reason;
  const { first, last } = parsed.range;
  return `${formatIp(first)}..${formatIp(last)}${parsed.hostBits ? ' host bits' : ''}`;
}

describe('parseNetwork', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1..192.0.2.1'],
    ['198.51.100.0/24', '198.51.100.0..198.51.100.255'],
    ['198.51.100.77/24', '198.51.100.0..198.51.100.255 host bits'],
    ['198.51.100.77/32', '198.51.100.77..198.51.100.77'],
    ['198.51.100.129/25', '198.51.100.128..198.51.100.255 host bits'],
    ['0.0.0.0/0', '0.0.0.0..255.255.255.255'],
    ['128.0.0.0/1', '128.0.0.0..255.255.255.255'],
    ['2001:DB8:BAD::/48', '2001:db8:bad::..2001:db8:bad:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::1/33', '2001:db8::..2001:db8:7fff:ffff:ffff:ffff:ffff:ffff host bits'],
    ['::/0', '::..ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::5/128', '2001:db8::5..2001:db8::5'],
    ['::ffff:198.51.100.0/120', '198.51.100.0..198.51.100.255'],
    ['::ffff:0:0/96', '0.0.0.0..255.255.255.255'],
    ['192.0.2.5-192.0.2.9', '192.0.2.5..192.0.2.9'],
    ['192.0.2.5 - 192.0.2.9', '192.0.2.5..192.0.2.9'],
    ['2001:db8::1-2001:db8::ff', '2001:db8::1..2001:db8::ff'],
  ])('%s is %s', (text, expected) => {
    expect(told(text)).toBe(expected);
  });

  test.each([
    ['', 'not an IP address, CIDR or range'],
    ['example.com', 'not an IP address, CIDR or range'],
    ['1.2.3/24', 'not an IP address before the "/"'],
    ['/24', 'not an IP address before the "/"'],
    ['1.2.3.4/', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/-1', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/33', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/024', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/+8', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/8.0', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/255.255.0.0', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/24/8', 'prefix length must be a number from 0 to 32'],
    ['::1/129', 'prefix length must be a number from 0 to 128'],
    ['2001:db8::1/64/32', 'prefix length must be a number from 0 to 128'],
    ['::ffff:1.2.3.4/95', 'prefix of an IPv4-mapped address must be /96 or longer'],
    ['192.0.2.9-192.0.2.5', 'range ends before it begins'],
    ['192.0.2.9-2001:db8::1', 'range from one IP family to the other'],
    ['192.0.2.1-9', 'not two IP addresses around the "-"'],
    ['-', 'not two IP addresses around the "-"'],
    ['192.0.2.1-192.0.2.2-192.0.2.3', 'not two IP addresses around the "-"'],
  ])('%j is refused: %s', (text, reason) => {
    expect(told(text)).toBe(reason);
  });

  test('the single parsers want their own form', () => {
    expect(parsePrefix('192.0.2.1').ok).toBe(false);
    expect(parseRange('192.0.2.1').ok).toBe(false);
  });
});

describe('formatRange', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1/32', '192.0.2.1'],
    ['198.51.100.7/24', '198.51.100.0/24'],
    ['198.51.100.0-198.51.100.255', '198.51.100.0/24'],
    ['198.51.100.1-198.51.100.255', '198.51.100.1-198.51.100.255'],
    ['198.51.100.0-198.51.100.254', '198.51.100.0-198.51.100.254'],
    ['0.0.0.0-255.255.255.255', '0.0.0.0/0'],
    ['2001:DB8:BAD::/48', '2001:db8:bad::/48'],
    ['2001:db8::-2001:db8::2', '2001:db8::-2001:db8::2'],
    ['::ffff:198.51.100.0/120', '198.51.100.0/24'],
  ])('%s becomes %s', (text, canonical) => {
    const parsed = parseNetwork(text);
    expect(parsed.ok && formatRange(parsed.range)).toBe(canonical);
  });

  test('canonical text parses to the same range', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    const v4 = fc.tuple(word, fc.nat(32)).map(([w, length]) => prefixRange(ipv4FromWord(w), length));
    const v6 = fc.tuple(word, word, word, word, fc.nat(128)).map(([a, b, c, d, length]) => {
      return prefixRange(ipFromWords([a | 1, b, c, d]), length);
    });
    fc.assert(
      fc.property(fc.oneof(v4, v6), (range) => {
        expect(parseNetwork(formatRange(range))).toEqual({ ok: true, range, hostBits: false });
      }),
    );
  });
});

test.each([
  ['0.0.0.0/0', true],
  ['::/0', true],
  ['0.0.0.0/1', false],
  ['::/1', false],
  ['0.0.0.0', false],
])('isWholeFamily(%s) is %s', (text, expected) => {
  const parsed = parseNetwork(text);
  expect(parsed.ok && isWholeFamily(parsed.range)).toBe(expected);
});

test('prefixRange cuts at every length like the bits say', () => {
  const ip = parseIp('2001:db8:ffff:ffff:ffff:ffff:ffff:ffff')!;
  for (let length = 0; length <= 128; length++) {
    const { first } = prefixRange(ip, length);
    const bits = [first.w0, first.w1, first.w2, first.w3]
      .map((w) => w.toString(2).padStart(32, '0'))
      .join('');
    expect(bits.slice(length)).not.toContain('1');
    expect(parseNetwork(`${formatIp(ip)}/${length}`).ok).toBe(true);
  }
});
