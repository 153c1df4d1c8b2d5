import type { DnsFacts } from '../model/conversation.ts';
import type { DnsEvent } from '../model/event.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { NameLookup, Talk } from '../model/lookup.ts';
import { ipKey, parseIp } from '../net/ip.ts';
import { createQueue, type QueueLink } from './queue.ts';

export interface DnsNamesOptions {
  /**
   * What one host is: `machine` for live traffic, where all processes are on this one; `address` for captures, where
   * each local address is a host.
   */
  readonly host: 'machine' | 'address';
  /** Addresses remembered, of all processes together; default 65,536. The one told longest ago goes first. */
  readonly maxEntries?: number;
}

export interface DnsNamesCounters {
  /** Answers that gave an address a name. */
  readonly learned: number;
  /** Entries that were forgotten to make room. */
  readonly evicted: number;
}

/** Names that hosts and processes were told for addresses. */
export interface DnsNames extends NameLookup {
  observe(event: DnsEvent): void;
  readonly size: number;
  readonly counters: DnsNamesCounters;
}

/** Scope and address; numbers where they can be, because every event asks. */
type Key = number | string;

/** What one scope was told for one address, latest first. */
interface Entry extends QueueLink<Entry> {
  readonly scope: Key;
  readonly address: Key;
  names: readonly string[];
  readonly untilMs: number[];
  /** When the first of them runs out. */
  soonestMs: number;
}

const DEFAULT_MAX_ENTRIES = 65_536;
/** Of one response. */
const MAX_ADDRESSES = 64;
/** Of one address: hosting services put thousands of names on one. */
const MAX_NAMES = 4;
const MAX_CHAIN = 16;
/** Programs go on using an answer for some time after it has run out, and nothing is served for long. */
const MIN_LIFE_MS = 60_000;
const MAX_LIFE_MS = 86_400_000;
const NONE: readonly string[] = [];

/** All processes of this machine together. */
const MACHINE = 'machine';

/** Remembers what answers said, for as long as they are good for, within bounds. Time comes with the events. */
export function createDnsNames({ host, maxEntries = DEFAULT_MAX_ENTRIES }: DnsNamesOptions): DnsNames {
  const book = createBook(maxEntries);
  const hostOf = ({ local }: Pick<Talk, 'local'>): Key => (host === 'machine' ? MACHINE : ipKey(local.ip));
  return {
    counters: book.counters,
    get size() {
      return book.size;
    },
    observe(event) {
      // Only what this side asked for itself: a response nobody asked for, or one that this host gave, names nothing.
      if (event.role !== 'client' || event.dns.outcome !== 'answered') return;
      const own = processScope(event);
      for (const { ip, lifeMs } of addressesOf(event.dns)) {
        const told = { address: ipKey(ip), name: event.dns.questionName, nowMs: event.timeMs, lifeMs };
        book.tell(hostOf(event), told);
        if (own !== undefined) book.tell(own, told);
        book.counters.learned += 1;
      }
    },
    namesOf(talk) {
      if (book.size === 0) return NONE;
      const address = ipKey(talk.remote.ip);
      const scope = processScope(talk);
      const own = scope === undefined ? NONE : book.names(scope, address, talk.timeMs);
      return own.length > 0 ? own : book.names(hostOf(talk), address, talk.timeMs);
    },
  };
}

interface Telling {
  readonly address: Key;
  readonly name: string;
  readonly nowMs: number;
  readonly lifeMs: number;
}

function createBook(maxEntries: number) {
  const scopes = new Map<Key, Map<Key, Entry>>();
  const order = createQueue<Entry>();
  const counters = { learned: 0, evicted: 0 };
  let size = 0;

  function remove(entry: Entry): void {
    const entries = scopes.get(entry.scope);
    entries?.delete(entry.address);
    if (entries?.size === 0) scopes.delete(entry.scope);
    order.remove(entry);
    size -= 1;
  }

  function open(scope: Key, address: Key): Entry {
    if (size >= maxEntries) {
      const oldest = order.first();
      if (oldest !== undefined) remove(oldest);
      counters.evicted += 1;
    }
    const entry: Entry = {
      scope,
      address,
      names: NONE,
      untilMs: [],
      soonestMs: 0,
      before: undefined,
      after: undefined,
    };
    let entries = scopes.get(scope);
    if (entries === undefined) {
      entries = new Map();
      scopes.set(scope, entries);
    }
    entries.set(address, entry);
    order.push(entry);
    size += 1;
    return entry;
  }

  return {
    counters,
    get size() {
      return size;
    },
    tell(scope: Key, told: Telling): void {
      const known = scopes.get(scope)?.get(told.address);
      if (known !== undefined) {
        order.remove(known);
        order.push(known);
      }
      note(known ?? open(scope, told.address), told);
    },
    names(scope: Key, address: Key, nowMs: number): readonly string[] {
      const entry = scopes.get(scope)?.get(address);
      if (entry === undefined) return NONE;
      const { names, untilMs, soonestMs } = entry;
      return nowMs < soonestMs ? names : names.filter((_, at) => (untilMs[at] ?? 0) > nowMs);
    },
  };
}

/** A pid alone is given away again. */
function processScope({ owner }: Pick<Talk, 'owner'>): string | undefined {
  return owner === undefined ? undefined : `${owner.pid}:${owner.startNs}`;
}

/** Puts the name first. Who was given the names before keeps them as they were. */
function note(entry: Entry, { name, nowMs, lifeMs }: Telling): void {
  const { names, untilMs } = entry;
  const isRenewal = names[0] === name && nowMs < entry.soonestMs;
  if (!isRenewal) {
    const others = names.flatMap((other, at) => (other !== name && (untilMs[at] ?? 0) > nowMs ? [at] : []));
    const kept = others.slice(0, MAX_NAMES - 1);
    entry.names = [name, ...kept.map((at) => names[at] ?? '')];
    untilMs.splice(0, untilMs.length, 0, ...kept.map((at) => untilMs[at] ?? 0));
  }
  untilMs[0] = nowMs + lifeMs;
  entry.soonestMs = Math.min(...untilMs);
}

interface Address {
  readonly ip: IpAddress;
  readonly lifeMs: number;
}

/** The addresses at the end of the chain of aliases that begins with the question. */
function addressesOf({ questionName, answers = [] }: DnsFacts): Address[] {
  const chain = aliasChain(questionName, answers);
  const found: Address[] = [];
  for (const { name, type, data, ttlSeconds } of answers) {
    if (type !== 'A' && type !== 'AAAA') continue;
    const link = chain.find((each) => each.name === name);
    const ip = link && parseIp(data);
    if (ip === undefined || isNowhere(ip)) continue;
    const lifeMs = Math.min(link?.ttlSeconds ?? 0, ttlSeconds) * 1000;
    found.push({ ip, lifeMs: Math.min(MAX_LIFE_MS, Math.max(MIN_LIFE_MS, lifeMs)) });
    if (found.length === MAX_ADDRESSES) break;
  }
  return found;
}

interface Link {
  readonly name: string;
  /** The shortest life of the aliases that lead to it. */
  readonly ttlSeconds: number;
}

/** Names that the question leads to. Aliases may come in any order. */
function aliasChain(question: string, answers: NonNullable<DnsFacts['answers']>): readonly Link[] {
  let last: Link = { name: question, ttlSeconds: Number.POSITIVE_INFINITY };
  const chain = [last];
  while (chain.length <= MAX_CHAIN) {
    const alias = answers.find(({ type, name }) => type === 'CNAME' && name === last.name);
    if (alias === undefined || chain.some(({ name }) => name === alias.data)) break;
    last = { name: alias.data, ttlSeconds: Math.min(last.ttlSeconds, alias.ttlSeconds) };
    chain.push(last);
  }
  return chain;
}

/** Blocking resolvers answer with the unspecified address. */
function isNowhere({ w0, w1, w2, w3 }: IpAddress): boolean {
  return (w0 | w1 | w2 | w3) === 0;
}
