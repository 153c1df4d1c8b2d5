import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { expect, test } from 'vitest';
import type { Transport } from '../../src/model/event.ts';
import { communityId } from '../../src/net/community-id.ts';
import { parseIp } from '../../src/net/ip.ts';

type Row = readonly [transport: Transport, from: string, fromPort: number, to: string, toPort: number];

const end = (text: string, port: number) => ({ ip: parseIp(text)!, port });
const idOf = ([transport, from, fromPort, to, toPort]: Row) =>
  communityId({ transport, local: end(from, fromPort), remote: end(to, toPort) });
const reversed = ([transport, from, fromPort, to, toPort]: Row): Row => [
  transport,
  to,
  toPort,
  from,
  fromPort,
];

// Vectors published with the Community ID specification.
test.each<[Row, string]>([
  [['tcp', '128.232.110.120', 34855, '66.35.250.204', 80], '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  [['udp', '192.168.1.52', 54585, '8.8.8.8', 53], '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
  [
    ['tcp', '2001:470:e5bf:dead:4957:2174:e82c:4887', 63943, '2607:f8b0:400c:c03::1a', 25],
    '1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=',
  ],
])('%j is %s both ways', (row, id) => {
  expect(idOf(row)).toBe(id);
  expect(idOf(reversed(row))).toBe(id);
});

/** The definition, written once more over node:crypto; the caller puts the lower end first. */
function definition([transport, low, lowPort, high, highPort]: Row): string {
  const bytes = (text: string) => {
    const { w0, w1, w2, w3 } = parseIp(text)!;
    const all = Buffer.alloc(16);
    for (const [i, word] of [w0, w1, w2, w3].entries()) all.writeUInt32BE(word, 4 * i);
    return isIPv4(text) ? all.subarray(12) : all;
  };
  const tail = Buffer.from([
    transport === 'tcp' ? 6 : 17,
    0,
    lowPort >> 8,
    lowPort & 255,
    highPort >> 8,
    highPort & 255,
  ]);
  const message = Buffer.concat([Buffer.alloc(2), bytes(low), bytes(high), tail]);
  return `1:${createHash('sha1').update(message).digest('base64')}`;
}

test.each<Row>([
  ['udp', '2001:db8::1', 5353, '2001:db8::2', 53],
  ['tcp', '2001:db8::1', 65535, 'fe80::1', 1],
  ['tcp', '192.0.2.1', 80, '192.0.2.1', 40000],
  ['tcp', '127.0.0.1', 4444, '127.0.0.1', 4444],
  ['udp', '9.255.0.0', 0, '200.0.0.1', 65535],
])('%s %s:%i - %s:%i follows the definition', (...row) => {
  expect(idOf(row)).toBe(definition(row));
  expect(idOf(reversed(row))).toBe(definition(row));
});
