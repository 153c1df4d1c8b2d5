import { fileURLToPath } from 'node:url';
import type { BpfObject } from '../../src/capture/addon.ts';
import {
  capacityFor,
  KernelLists,
  type ListCapacity,
  listMapSizes,
} from '../../src/capture/live/lists/kernel-lists.ts';
import { formatIp, ipFromWords, ipv4FromWord } from '../../src/net/ip.ts';
import { formatRange, prefixRange } from '../../src/net/prefix.ts';
import { atOnce } from '../../src/net/steps.ts';
import { type CompiledList, compileList } from '../../src/reputation/compiled-list.ts';
import { listedRanges } from '../../src/reputation/listed-ranges.ts';
import { parseList } from '../../src/reputation/parse-list.ts';
import { openBpfSource, whyNoBpf } from '../../test/support/bpf-source.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { createRandom } from '../support/mixed-list.ts';

const SOURCE = fileURLToPath(new URL('../native/listed.bpf.c', import.meta.url));
const HOSTS = 1_000_000;
const NETWORKS = 50_000;
/** As in the program. */
const LOOKUPS = 20_000;
const FRAME = new Uint8Array(64);

export const kernelLists: Benchmark = {
  name: 'kernel-lists',
  title: 'Lists in the kernel',
  work:
    '1,000,000 random IPv4 addresses and 50,000 networks of /16 to /28, and as many of IPv6, written to the memory that the kernel side searches; ' +
    'the same of IPv4 put into a hash of addresses and an LPM trie of networks, one by one. Then a program looks up 20,000 random addresses in ' +
    'each run, nearly none of them listed; the time of a loop that looks up nothing is taken off.',
  compares: 'Sorted ranges with hash and trie, in turns.',
  live: true,
  takesLong: true,
  run: ({ quick }: BenchContext) => Promise.resolve(measure(quick ? 10 : 50)),
};

interface Filled {
  readonly object: BpfObject;
  readonly capacity: ListCapacity;
  readonly list: CompiledList;
  readonly hosts: Uint32Array;
  readonly networks: Uint32Array;
}

function open(): Filled {
  const random = createRandom(7);
  const word = () => random(2 ** 32);
  const hosts = Uint32Array.from({ length: HOSTS }, word);
  const word6 = () => 0x20000000 + random(2 ** 28);
  const lines = Array.from(hosts, (each) => formatIp(ipv4FromWord(each)));
  for (let i = 0; i < HOSTS; i++) lines.push(formatIp(ipFromWords([word6(), word(), 0, 1])));
  // Bits and address in network order, as the trie has them.
  const networks = new Uint32Array(2 * NETWORKS);
  for (let i = 0; i < NETWORKS; i++) {
    const bits = 16 + random(13);
    const range = prefixRange(ipv4FromWord(word()), bits);
    lines.push(formatRange(range));
    lines.push(formatRange(prefixRange(ipFromWords([word6(), word(), 0, 0]), 32 + 2 * bits)));
    networks[2 * i] = bits;
    new DataView(networks.buffer).setUint32(8 * i + 4, range.first.w3);
  }
  const parsed = parseList(lines.join('\n'), { role: 'block', seed: 1 });
  const list = compileList(parsed, { name: 'bench', allowReserved: true });
  const capacity = capacityFor({ 4: list.size(4), 6: list.size(6) });
  const object = openBpfSource(SOURCE);
  object.setConstant('tg_lists_wanted', new Uint8Array([1]));
  for (const [map, entries] of Object.entries(listMapSizes(capacity))) object.resizeMap(map, entries);
  object.resizeMap('hosts', HOSTS);
  object.resizeMap('networks', NETWORKS);
  object.load();
  return { object, capacity, list, hosts, networks };
}

const bytes = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer);

function timed(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

/** Kernel memory of our tables, of both families and both versions. */
function tableBytes(capacity: ListCapacity): number {
  const size: Readonly<Record<string, number>> = {
    tg_listed_ranges4: 8,
    tg_listed_ranges6: 32,
    tg_listed_buckets: 8,
  };
  return Object.entries(listMapSizes(capacity)).reduce(
    (sum, [map, rows]) => sum + rows * (size[map] ?? 0),
    0,
  );
}

function measure(rounds: number): Outcome {
  const obstacle = whyNoBpf();
  if (obstacle !== undefined) throw new Error(obstacle);
  const { object, capacity, list, hosts, networks } = open();
  const lists = { block: [list], allow: [], guard: [] };
  const raw: Record<string, number[]> = { ranges4: [], ranges6: [], hash_and_trie: [], ratio: [] };
  try {
    const kernel = new KernelLists(object, capacity);
    const fill = timed(() => atOnce(kernel.replace('lists', (family) => listedRanges(lists, family))));
    const rival = timed(() => {
      object.mapUpdateBatch('hosts', bytes(hosts), new Uint8Array(4 * HOSTS), 0);
      object.mapUpdateBatch('networks', bytes(networks), new Uint8Array(4 * NETWORKS), 0);
    });
    raw.fill = [fill];
    raw.fill_rival = [rival];
    for (let round = 0; round < rounds; round++) {
      const run = (name: string): number => object.testRun(`run_${name}`, FRAME, 1).ns / LOOKUPS;
      const none = run('nothing');
      for (const name of ['ranges4', 'hash_and_trie', 'ranges6']) raw[name]?.push(run(name) - none);
      raw.ratio?.push((raw.hash_and_trie?.at(-1) ?? 0) / (raw.ranges4?.at(-1) ?? 1));
    }
  } finally {
    object.close();
  }
  const perEntry = tableBytes(capacity) / (2 * (HOSTS + NETWORKS));
  return { rows: rows(raw, perEntry), raw };
}

function rows(raw: Readonly<Record<string, readonly number[]>>, perEntry: number): readonly Row[] {
  const row = (label: string, unit: string, name: string): Row => ({
    label,
    unit,
    ...summarise(raw[name] ?? []),
  });
  return [
    { ...row('a verdict, IPv4', 'ns', 'ranges4'), target: { sense: '<=', value: 300 } },
    { ...row('a verdict, IPv6', 'ns', 'ranges6'), target: { sense: '<=', value: 300 } },
    row('hash and trie, IPv4', 'ns', 'hash_and_trie'),
    row('hash and trie / ranges', 'ratio', 'ratio'),
    { ...row('2,100,000 entries into the kernel', 's', 'fill'), target: { sense: '<=', value: 5 } },
    row('1,050,000 entries into hash and trie', 's', 'fill_rival'),
    {
      label: 'kernel memory, room for twice as many and a second version included',
      unit: 'bytes/entry',
      value: perEntry,
      low: perEntry,
      high: perEntry,
      samples: 1,
      target: { sense: '<=', value: 130 },
    },
  ];
}
