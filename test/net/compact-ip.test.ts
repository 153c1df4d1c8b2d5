import { expect, test } from 'vitest';
import { compactIp, isSameIp, plainIp } from '../../src/net/compact-ip.ts';
import { parseIp } from '../../src/net/ip.ts';

const ADDRESSES = ['0.0.0.0', '192.0.2.1', '255.255.255.255', '127.0.0.1', '::', '2001:db8::1', 'ff02::1'];

test.each(ADDRESSES)('%s is what it was, and the same as itself alone', (text) => {
  const ip = parseIp(text)!;
  const compact = compactIp(ip);
  expect(plainIp(compact)).toEqual(ip);
  const same = ADDRESSES.filter((other) => isSameIp(compact, parseIp(other)!));
  expect(same).toEqual([text]);
});

test('IPv4 is a number', () => {
  expect(compactIp(parseIp('255.255.255.255')!)).toBe(-1);
});
