import { expect, test } from 'vitest';
import { formatIp, ipFromWords, ipv4FromWord } from '../../src/net/ip.ts';
import { createIpTexts } from '../../src/net/ip-texts.ts';

test('gives every address its own text, also when many share a place', () => {
  const textOf = createIpTexts();
  const addresses = Array.from({ length: 5_000 }, (_, i) =>
    i % 2 === 0 ? ipv4FromWord(i * 65_537) : ipFromWords([0x20010db8, i, 0, i * 7]),
  );
  for (let round = 0; round < 2; round++)
    for (const ip of addresses) expect(textOf({ ...ip })).toBe(formatIp(ip));
});

test('tells families apart', () => {
  const textOf = createIpTexts();
  expect(textOf({ family: 6, w0: 0, w1: 0, w2: 0, w3: 0x7f000001 })).toBe('::7f00:1');
  expect(textOf(ipv4FromWord(0x7f000001))).toBe('127.0.0.1');
});
