import { BlockList } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import IpCidr from 'ip-cidr';
import ipaddr from 'ipaddr.js';
import { Netmask } from 'netmask';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { formatIp, ipFromWords, ipv4FromWord } from '../../src/net/ip.ts';
import { type CompiledList, compileList } from '../../src/reputation/compiled-list.ts';
import { createListParser } from '../../src/reputation/list-parser.ts';
import { listBuffers } from '../../src/reputation/parse-bytes.ts';
import type { ParsedList } from '../../src/reputation/parsed-list.ts';
import { RESERVED_NETWORKS } from '../../src/reputation/reserved.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { createRandom, mixedList } from '../support/mixed-list.ts';

const ENTRIES = 1_000_000;
const ADDRESSES = 65_536;
/** What libraries are asked to hold: they search one entry after the other, or need minutes to fill. */
const FEW = 10_000;

export const lists: Benchmark = {
  name: 'lists',
  title: 'A list of a million entries',
  work:
    '1,000,000 different prefixes (70 % IPv4, nearly all single addresses; 30 % IPv6), as a file of bytes given to the thread that reads ' +
    'lists, until it can be asked; the longest pause of the event loop meanwhile; the bytes of its columns. Then 65,536 random ' +
    'addresses, one of 16 of them listed, in turn through the list. For comparison 10,000 IPv4 prefixes in net.BlockList, ' +
    'netmask, ip-cidr and ipaddr.js used naively (asked one by one), against the same 10,000 in our list.',
  compares: 'IPv4 with IPv6, and our list with the libraries on the same addresses.',
  live: false,
  run: ({ quick, say }: BenchContext) => measure(quick ? 1 : 3, say),
};

interface Loaded {
  readonly parsed: ParsedList;
  readonly seconds: number;
  readonly pauseMs: number;
}

async function load(text: string): Promise<Loaded> {
  const bytes = Uint8Array.from(Buffer.from(text));
  const parser = createListParser();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  const { outcome } = await parser.parse(bytes, { role: 'block', guard: RESERVED_NETWORKS });
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  await parser.close();
  if (outcome.kind !== 'parsed') throw new Error(outcome.reason);
  const { stats } = outcome.parsed;
  if (stats.v4 + stats.v6 !== stats.lines)
    throw new Error(`not all entries were loaded: ${JSON.stringify(stats)}`);
  return { parsed: outcome.parsed, seconds, pauseMs: delay.max / 1e6 };
}

/** Addresses at random, one of 16 the first of an entry. */
function addressesOf({ v4, v6 }: ParsedList, family: 4 | 6): readonly IpAddress[] {
  const random = createRandom(99);
  const word = () => random(2 ** 32);
  return Array.from({ length: ADDRESSES }, (_, i) => {
    const listed = i % 16 === 0;
    if (family === 4) return ipv4FromWord(listed ? (v4.first[0]?.[random(v4.length)] ?? 0) : word());
    const row = random(v6.length);
    const words = listed
      ? v6.first.map((column) => column[row] ?? 0)
      : [0x2000_0000 + random(2 ** 28), word(), word(), word()];
    return ipFromWords(words);
  });
}

/** Look-ups a second; `least` is how many addresses must be listed, or the work was wrong. */
function rate(has: (ip: IpAddress) => boolean, ips: readonly IpAddress[], rounds: number): number {
  let hits = 0;
  const began = performance.now();
  for (let round = 0; round < rounds; round++) for (const ip of ips) if (has(ip)) hits++;
  const seconds = (performance.now() - began) / 1000;
  if (hits < (rounds * ips.length) / 16) throw new Error('listed addresses were not found');
  return (rounds * ips.length) / seconds;
}

interface Rival {
  readonly name: string;
  readonly has: (text: string) => boolean;
}

function rivals(prefixes: readonly string[]): readonly Rival[] {
  const block = new BlockList();
  for (const prefix of prefixes) {
    const [address = '', bits = '32'] = prefix.split('/');
    block.addSubnet(address, Number(bits), 'ipv4');
  }
  const masks = prefixes.map((prefix) => new Netmask(prefix));
  const networks = prefixes.map((prefix) => (prefix.includes('/') ? prefix : `${prefix}/32`));
  const cidrs = networks.map((network) => new IpCidr(network));
  const parsed = networks.map((network) => ipaddr.parseCIDR(network));
  return [
    { name: 'net.BlockList', has: (text) => block.check(text) },
    { name: 'netmask', has: (text) => masks.some((mask) => mask.contains(text)) },
    { name: 'ip-cidr', has: (text) => cidrs.some((cidr) => cidr.contains(text)) },
    {
      name: 'ipaddr.js',
      has: (text) => {
        const ip = ipaddr.parse(text);
        return parsed.some((cidr) => ip.match(cidr));
      },
    },
  ];
}

/** Seconds that our list and a rival take for the same addresses, as a ratio. */
function advantage(rival: Rival, list: CompiledList, ips: readonly IpAddress[]): number {
  const few = ips.slice(0, rival.name === 'net.BlockList' ? 4096 : 32);
  const texts = few.map(formatIp);
  const began = performance.now();
  for (const text of texts) rival.has(text);
  const theirs = (performance.now() - began) / texts.length;
  const rounds = Math.ceil(1_000_000 / few.length);
  const middle = performance.now();
  for (let round = 0; round < rounds; round++) for (const ip of few) list.has(ip);
  return theirs / ((performance.now() - middle) / (rounds * few.length));
}

async function measure(rounds: number, say: (text: string) => void): Promise<Outcome> {
  const text = mixedList(ENTRIES);
  const raw: Record<string, number[]> = {};
  const note = (name: string, value: number) => {
    raw[name] = [...(raw[name] ?? []), value];
  };
  let parsed: ParsedList | undefined;
  for (let round = 0; round < rounds; round++) {
    const loaded = await load(text);
    note('load, s', loaded.seconds);
    note('pause, ms', loaded.pauseMs);
    note(
      'columns, MB',
      listBuffers(loaded.parsed).reduce((sum, { byteLength }) => sum + byteLength, 0) / 1e6,
    );
    parsed = loaded.parsed;
    const list = compileList(parsed, { name: 'bench' });
    for (const family of [4, 6] as const)
      note(`lookups IPv${family}, M/s`, rate(list.has, addressesOf(parsed, family), 40) / 1e6);
    say(`round ${round + 1} of ${rounds}`);
  }
  const few = text
    .split('\n')
    .filter((line) => !line.includes(':') && line !== '')
    .slice(0, FEW);
  const small = await load(`${few.join('\n')}\n`);
  const list = compileList(small.parsed, { name: 'few' });
  const ips = addressesOf(small.parsed, 4);
  for (const rival of rivals(few))
    for (let round = 0; round < rounds; round++)
      note(`times faster than ${rival.name}`, advantage(rival, list, ips));
  return { rows: ROWS.map((row) => ({ ...row, ...summarise(raw[row.name] ?? []) })), raw };
}

const ROWS: readonly (Pick<Row, 'label' | 'unit' | 'target'> & { readonly name: string })[] = [
  { name: 'load, s', label: 'loaded off the main thread', unit: 's', target: { sense: '<=', value: 2 } },
  {
    name: 'pause, ms',
    label: 'longest pause of the main thread',
    unit: 'ms',
    target: { sense: '<=', value: 20 },
  },
  { name: 'columns, MB', label: 'resident', unit: 'MB', target: { sense: '<=', value: 40 } },
  { name: 'lookups IPv4, M/s', label: 'look-ups, IPv4', unit: 'M/s', target: { sense: '>=', value: 12 } },
  { name: 'lookups IPv6, M/s', label: 'look-ups, IPv6', unit: 'M/s', target: { sense: '>=', value: 5 } },
  ...['net.BlockList', 'netmask', 'ip-cidr', 'ipaddr.js'].map((rival) => ({
    name: `times faster than ${rival}`,
    label: `against ${rival}, 10,000 entries`,
    unit: 'times',
    target: { sense: '>=', value: 20 } as const,
  })),
];
