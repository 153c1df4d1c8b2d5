import { expect, test } from 'vitest';
import { formatIp, parseIp } from '../../../src/net/ip.ts';
import { clientOf, conversationKey, serverOf } from '../../../src/telemetry/aggregate/conversation-key.ts';

const end = (text: string, port: number) => ({ ip: parseIp(text)!, port });

test.each([
  ['192.0.2.1', '255.255.255.255', 7],
  ['0.0.0.0', '10.0.0.1', 7],
  ['2001:db8::1', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 19],
  ['2001:db8::1', '192.0.2.1', 13],
  ['192.0.2.1', '::', 13],
])('%s and %s are read back from %d characters', (client, server, length) => {
  const key = conversationKey('tcp', end(client, 0), end(server, 65_535));
  expect(key).toHaveLength(length);
  expect([formatIp(clientOf(key)), formatIp(serverOf(key))]).toEqual([client, server]);
});

test('ends, their order, ports and transport make another key each', () => {
  const [a, b] = [end('192.0.2.1', 1), end('192.0.2.2', 2)];
  const keys = [
    conversationKey('tcp', a, b),
    conversationKey('udp', a, b),
    conversationKey('tcp', b, a),
    conversationKey('tcp', { ...a, port: 2 }, b),
    conversationKey('tcp', a, { ...b, port: 1 }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
