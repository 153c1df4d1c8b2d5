import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normaliseCidr } from '../../src/config/cidr.ts';
import { INTERNAL_NETWORKS } from '../../src/config/defaults.ts';

describe('normaliseCidr', () => {
  test.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.7/32', '192.0.2.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.0/255.0.0.0', '10.0.0.0/8'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1/128'],
    ['::/0', '::/0'],
    ['64:ff9b::192.0.2.0/120', '64:ff9b::c000:200/120'],
  ])('%s is %s', (text, cidr) => expect(normaliseCidr(text)).toEqual({ cidr }));

  test.each([
    ['1.2.3.4/-1', 'prefix length must be a whole number from 0 to 32'],
    ['192.0.2.0/33', 'from 0 to 32'],
    ['192.0.2.0/', 'from 0 to 32'],
    ['192.0.2.0/024', 'from 0 to 32'],
    ['192.0.2.0/24/8', 'from 0 to 32'],
    ['192.0.2.0/ 24', 'from 0 to 32'],
    ['192.0.2.0/255.0.255.0', 'not a netmask'],
    ['0127.0.0.1', 'leading zeros'],
    ['012.1.1.1/32', 'leading zeros'],
    ['0x7f.0.0.1/32', 'not an IP address'],
    ['1.2', 'not an IP address'],
    ['4294967423.0.0.1', 'not an IP address'],
    ['10.1.2.3/8', 'write 10.0.0.0/8 or 10.1.2.3/32'],
    ['10.1.2.3/255.0.0.0', 'write 10.0.0.0/8 or 10.1.2.3/32'],
    ['2001:db8::1/32', 'write 2001:db8::/32 or 2001:db8::1/128'],
    ['2001:db8::1/64/32', 'from 0 to 128'],
    ['2001:db8::/129', 'from 0 to 128'],
    ['fe80::1%eth0/64', 'zone ids'],
    ['::ffff:10.0.0.0/104', 'write it as IPv4'],
    ['example.com', 'not an IP address'],
    ['', 'not an IP address'],
    ['/8', 'not an IP address'],
  ])('%s is refused', (text, reason) => {
    const result = normaliseCidr(text);
    expect('problem' in result && result.problem).toContain(reason);
  });

  test('the defaults are canonical', () => {
    for (const cidr of INTERNAL_NETWORKS) expect(normaliseCidr(cidr)).toEqual({ cidr });
  });

  test('any text: an answer, and a canonical one that stays as it is', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: -2, max: 130 }))
        .map(([ip, length]) => `${ip}/${length}`),
      fc.stringMatching(/^[0-9a-f:./%x-]{0,40}$/),
    );
    const check = (value: string): void => {
      const result = normaliseCidr(value);
      if ('cidr' in result) expect(normaliseCidr(result.cidr)).toEqual(result);
    };
    fc.assert(fc.property(text, check), { numRuns: 2000 });
  });

  test('an IPv4 network is what plain arithmetic says', () => {
    const check = (address: number, length: number): void => {
      const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
      const dot = (word: number): string => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
      const network = dot((address & mask) >>> 0);
      expect(normaliseCidr(`${network}/${length}`)).toEqual({ cidr: `${network}/${length}` });
      expect(normaliseCidr(`${network}/${dot(mask)}`)).toEqual({ cidr: `${network}/${length}` });
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }), check));
  });
});
