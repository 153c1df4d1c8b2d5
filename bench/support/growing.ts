import { createMerger } from '../../src/alerts/merge.ts';
import { createPodStore } from '../../src/enrich/kubernetes/pod-store.ts';
import { ipv4FromWord } from '../../src/net/ip.ts';
import { compileList } from '../../src/reputation/compiled-list.ts';
import { parseList } from '../../src/reputation/parse-list.ts';
import { connectionClass } from '../../src/rules/classes/connection.ts';
import { NO_PORTS } from '../../src/rules/classes/ports.ts';
import { bind, slotLookup } from '../../src/rules/match/bind.ts';
import { buildRuleIndex } from '../../src/rules/match/rule-index.ts';
import { isServedBy } from '../../src/rules/syntax/logsource.ts';
import { connection, createWorld, START_MS } from '../../test/telemetry/support/aggregate.ts';
import { createRandom, mixedList } from './mixed-list.ts';
import { connectionEvent, manyRules } from './rule-load.ts';

/** Something that gets larger. */
export interface Growing {
  readonly label: string;
  /** What is done once. */
  readonly unit: string;
  /** The smallest size. */
  readonly base: number;
  /** Makes one of a size; the work does some things among what is there and returns how many. */
  readonly create: (size: number) => () => number;
}

export const GROWING: readonly Growing[] = [
  { label: 'rules', unit: 'connection judged', base: 100, create: rules },
  { label: 'list entries', unit: 'address looked up', base: 10_000, create: listEntries },
  { label: 'merge windows', unit: 'finding merged', base: 500, create: mergeWindows },
  { label: 'peers', unit: 'connection counted in metrics and topology', base: 500, create: peers },
  { label: 'services', unit: 'connection counted in metrics and topology', base: 10, create: services },
  { label: 'pods', unit: 'container looked up', base: 100, create: pods },
];

function rules(size: number): () => number {
  const eventClass = connectionClass(NO_PORTS);
  const slotOf = slotLookup(eventClass);
  const own = manyRules(size, ({ logsource }) =>
    eventClass.profiles.some((profile) => isServedBy(logsource, profile)),
  );
  const index = buildRuleIndex(
    eventClass,
    own.map(({ expression }) => bind(expression, eventClass, slotOf)),
  );
  const events = Array.from({ length: 20_000 }, (_, n) => connectionEvent(n));
  return () => {
    let matched = 0;
    for (const event of events) matched += index.match(event).length;
    return used(matched) ? events.length : 0;
  };
}

function listEntries(size: number): () => number {
  const list = compileList(parseList(mixedList(size), { role: 'block' }), { name: 'growing' });
  const random = createRandom(5);
  const addresses = Array.from({ length: 65_536 }, () => ipv4FromWord(random(2 ** 32)));
  return () => {
    let hits = 0;
    for (const address of addresses) if (list.has(address)) hits++;
    return used(hits) ? addresses.length : 0;
  };
}

/** All windows are open when it begins. */
function mergeWindows(size: number): () => number {
  let serial = 0;
  const merger = createMerger({ windowMs: 3_600_000, newUid: () => `${serial++}` });
  const candidate = (n: number) => ({
    key: `key-${n}`,
    detector: 'blocklist',
    reasons: ['blocklist'],
    timeMs: START_MS,
    severity: 'WARNING' as const,
    body: 'Suspicious outbound connection to known bad IP',
    attributes: { 'net.peer.ip': '198.51.100.7', 'net.peer.port': 4444 },
  });
  const candidates = Array.from({ length: size }, (_, n) => candidate(n));
  for (const each of candidates) merger.offer(each, START_MS);
  const step = 7_919;
  return () => {
    for (let n = 0; n < 100_000; n++)
      merger.offer(candidates[(n * step) % size] as (typeof candidates)[number], START_MS + n / 100);
    return 100_000;
  };
}

const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

/** Clients of one service. */
function peers(size: number): () => number {
  return counted(size, (n) => ({ client: `${address(n)} 40000`, server: '10.200.0.1 443' }));
}

/** Services that one client asks: each is an edge of the topology. */
function services(size: number): () => number {
  return counted(size, (n) => ({ client: '10.200.0.1 40000', server: `${address(n)} 443` }));
}

function counted(size: number, talkOf: (n: number) => { client: string; server: string }): () => number {
  const world = createWorld({ isInternal: () => true });
  const events = Array.from({ length: size }, (_, n) =>
    connection(
      { ...talkOf(n), comm: 'shop', socketId: n + 1 },
      { phase: 'established', handshakeRttUs: 100 },
    ),
  );
  const count = 50_000;
  const step = 7_919;
  return () => {
    for (let n = 0; n < count; n++) {
      const event = events[(n * step) % size];
      if (event !== undefined) world.see(event);
    }
    world.aggregator.tick(START_MS);
    return count;
  };
}

function pods(size: number): () => number {
  const store = createPodStore({
    max: size,
    rememberMs: 60_000,
    onJob: () => undefined,
    now: () => START_MS,
  });
  // As they come out of JSON: one piece, not two that were joined.
  const idOf = (n: number): string => Buffer.from(n.toString(16).padStart(64, '0')).toString('latin1');
  for (let n = 0; n < size; n++)
    store.mirror.put(`uid-${n}`, '1', {
      uid: `uid-${n}`,
      name: `pod-${n}`,
      namespace: 'shop',
      aliases: [],
      owners: {},
      job: undefined,
      addresses: [ipv4FromWord(0x0a_00_00_00 + n)],
      hostAddresses: [],
      nodeName: 'node-1',
      containers: [{ id: idOf(n), name: 'app' }],
      isOver: false,
      isTerminating: false,
    });
  const ids = Array.from({ length: size }, (_, n) => idOf(n));
  return () => {
    let found = 0;
    for (let n = 0; n < 100_000; n++)
      if (store.byContainer(ids[(n * 7_919) % size] ?? '') !== undefined) found++;
    if (found !== 100_000) throw new Error('pods are missing');
    return found;
  };
}

/** Something came out of it, so that it cannot be optimised away. */
const used = (count: number): boolean => Number.isFinite(count);
