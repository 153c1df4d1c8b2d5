import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { Side } from '../../../src/model/conversation.ts';
import { createDnsDecoder } from '../../../src/protocols/dns/decoder.ts';
import type { DnsResult } from '../../../src/protocols/dns/facts.ts';
import { isLikelyDns } from '../../../src/protocols/dns/likely.ts';
import { createDnsPairing } from '../../../src/protocols/dns/pairing.ts';
import { createDnsTcpStream } from '../../../src/protocols/dns/tcp-stream.ts';
import { ascii, fromHex, name, pointer, RESPONSE, string, u16, u32, v4 } from './encode.ts';

interface Answer {
  readonly type: number;
  readonly data: readonly number[];
}

/** The query with its question kept, made into a response with these answers. */
function reply(query: Uint8Array, flags: number, answers: readonly Answer[]): Uint8Array {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const records = answers.flatMap(({ type, data }) => {
    return [...pointer(12), ...u16(type), ...u16(1), ...u32(300), ...u16(data.length), ...data];
  });
  const counts = [1, answers.length, 0, 0].flatMap(u16);
  return Uint8Array.from([...query.subarray(0, 2), ...u16(flags), ...counts, ...question, ...records]);
}

/** A name server on loopback that lets us see everything that Node's resolver (c-ares) and it say to each other. */
async function nameServer(answers: readonly Answer[], udpFlags = RESPONSE) {
  const results: (DnsResult & { key: string })[] = [];
  const pairing = createDnsPairing<string>({
    keyOf: (key) => key,
    onResult: (result, key) => results.push({ ...result, key }),
  });
  const decoder = createDnsDecoder();
  const seeUdp = (key: string, side: Side, bytes: Uint8Array) => {
    expect(isLikelyDns(bytes, 0, bytes.length)).toBe(true);
    const message = decoder.decode(bytes, 0, bytes.length);
    if (message) pairing.message(key, side, message, performance.now());
  };
  const tcp = createServer((socket) => {
    const onMessage = (side: Side, message: Parameters<typeof pairing.message>[2], timeMs: number) =>
      pairing.message('tcp', side, message, timeMs);
    const stream = createDnsTcpStream({ decoder, onMessage });
    socket.on('error', () => undefined);
    socket.on('data', (query) => {
      stream.data('client', query, performance.now());
      const response = reply(query.subarray(2), RESPONSE, answers);
      const framed = Uint8Array.from([...u16(response.length), ...response]);
      stream.data('server', framed, performance.now());
      socket.end(framed);
    });
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    const key = `udp ${from.port}`;
    seeUdp(key, 'client', query);
    const response = reply(query, udpFlags, (udpFlags & 0x0200) === 0 ? answers : []);
    seeUdp(key, 'server', response);
    udp.send(response, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const resolver = new Resolver({ timeout: 5000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const close = () => {
    udp.close();
    tcp.close();
  };
  return { resolver, results, close, decoder };
}

const SOA_NUMBERS = [2026, 7200, 3600, 1_209_600, 300].flatMap(u32);

test.each<[string, number, readonly number[][], (found: never) => readonly string[]]>([
  ['A', 1, [v4('192.0.2.1'), v4('192.0.2.255')], (found: readonly string[]) => found],
  ['AAAA', 28, [fromHex('20010db8000000010000000000000001')], (found: readonly string[]) => found],
  ['NS', 2, [name('ns1', pointer(16))], (found: readonly string[]) => found],
  ['PTR', 12, [name('host.example.net')], (found: readonly string[]) => found],
  [
    'MX',
    15,
    [[...u16(10), ...name('mail', pointer(16))]],
    (found: readonly { priority: number; exchange: string }[]) =>
      found.map((mx) => `${mx.priority} ${mx.exchange}`),
  ],
  [
    'TXT',
    16,
    [[...string('one'), ...string('two')]],
    (found: readonly string[][]) => found.map((parts) => parts.map((part) => `"${part}"`).join(' ')),
  ],
  [
    'SRV',
    33,
    [[...u16(1), ...u16(2), ...u16(443), ...name('a.example.net')]],
    (found: readonly { priority: number; weight: number; port: number; name: string }[]) =>
      found.map((srv) => `${srv.priority} ${srv.weight} ${srv.port} ${srv.name}`),
  ],
  [
    'CAA',
    257,
    [[0, ...string('issue'), ...ascii('ca.example.net')]],
    (found: readonly { issue?: string }[]) => found.map((caa) => `0 issue "${caa.issue}"`),
  ],
  [
    'SOA',
    6,
    [[...name('ns1', pointer(16)), ...name('admin', pointer(16)), ...SOA_NUMBERS]],
    (found: {
      nsname: string;
      hostmaster: string;
      serial: number;
      refresh: number;
      retry: number;
      expire: number;
      minttl: number;
    }) => [
      `${found.nsname} ${found.hostmaster} ${found.serial} ${found.refresh} ${found.retry} ${found.expire} ${found.minttl}`,
    ],
  ],
])('c-ares and we read the same from %s', async (typeName, type, data, text) => {
  const { resolver, results, close, decoder } = await nameServer(
    data.map((octets) => ({ type, data: octets })),
  );
  const found = await resolver.resolve('www.example.com', typeName);
  close();
  expect(results).toMatchObject([
    { questionName: 'www.example.com', questionType: typeName, outcome: 'answered', responseCode: 'NOERROR' },
  ]);
  expect(results[0]?.answers?.map((record) => record.data)).toEqual(text(found as never));
  expect(decoder.counters).toMatchObject({ messages: 2, oddRecords: 0 });
});

test('a name that does not exist', async () => {
  const { resolver, results, close } = await nameServer([], RESPONSE | 3);
  await expect(resolver.resolve4('nx.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  close();
  expect(results).toMatchObject([{ questionName: 'nx.example.com', responseCode: 'NXDOMAIN', answers: [] }]);
});

test('a truncated answer makes the resolver ask again over TCP, with the same id', async () => {
  const { resolver, results, close } = await nameServer(
    [{ type: 1, data: v4('192.0.2.1') }],
    RESPONSE | 0x0200,
  );
  await expect(resolver.resolve4('www.example.com')).resolves.toEqual(['192.0.2.1']);
  close();
  expect(results).toMatchObject([
    { truncated: true, afterTruncation: false, answers: [] },
    { key: 'tcp', truncated: false, afterTruncation: true, answers: [{ data: '192.0.2.1' }] },
  ]);
});

test('fifty look-ups at once, each with its own answer', async () => {
  const { resolver, results, close } = await nameServer([{ type: 1, data: v4('192.0.2.1') }]);
  const names = Array.from({ length: 50 }, (_, i) => `n${i}.example.com`);
  await Promise.all(names.map((text) => resolver.resolve4(text)));
  close();
  expect(results.map((result) => result.questionName).sort()).toEqual(names.toSorted());
  expect(results.every(({ outcome, answers }) => outcome === 'answered' && answers?.length === 1)).toBe(true);
});
