import type { DnsFacts } from '../model/conversation.ts';
import type { DnsEvent } from '../model/event.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { NameLookup, Talk } from '../model/lookup.ts';
import { ipKey, parseIp } from '../net/ip.ts';

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

interface Told {
  readonly name: string;
  readonly untilMs: number;
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

/** Remembers what answers said, for as long as they are good for, within bounds. Time comes with the events. */
export function createDnsNames(options: DnsNamesOptions): DnsNames {
  const { host, maxEntries = DEFAULT_MAX_ENTRIES } = options;
  const entries = new Map<string, readonly Told[]>();
  const counters = { learned: 0, evicted: 0 };

  const hostOf = ({ local }: Pick<Talk, 'local'>): string =>
    host === 'machine' ? 'h' : `a${ipKey(local.ip)}`;

  function tell(key: string, told: Told, nowMs: number): void {
    const others = (entries.get(key) ?? []).filter(
      ({ name, untilMs }) => name !== told.name && untilMs > nowMs,
    );
    entries.delete(key);
    entries.set(key, [told, ...others].slice(0, MAX_NAMES));
    if (entries.size <= maxEntries) return;
    const oldest = entries.keys().next();
    if (oldest.done !== true) entries.delete(oldest.value);
    counters.evicted += 1;
  }

  function named(scope: string, { remote, timeMs }: Talk): readonly string[] {
    const found = entries.get(`${scope}|${ipKey(remote.ip)}`);
    if (found === undefined) return NONE;
    return found.filter(({ untilMs }) => untilMs > timeMs).map(({ name }) => name);
  }

  return {
    counters,
    get size() {
      return entries.size;
    },
    observe(event) {
      // Only what this side asked for itself: a response nobody asked for, or one that this host gave, names nothing.
      if (event.role !== 'client' || event.dns.outcome !== 'answered') return;
      const scopes = [hostOf(event), ...processScope(event)];
      for (const { ip, lifeMs } of addressesOf(event.dns)) {
        const told = { name: event.dns.questionName, untilMs: event.timeMs + lifeMs };
        for (const scope of scopes) tell(`${scope}|${ipKey(ip)}`, told, event.timeMs);
        counters.learned += 1;
      }
    },
    namesOf(talk) {
      if (entries.size === 0) return NONE;
      const [scope] = processScope(talk);
      const own = scope === undefined ? NONE : named(scope, talk);
      return own.length > 0 ? own : named(hostOf(talk), talk);
    },
  };
}

/** A pid alone is given away again. */
function processScope({ owner }: Pick<Talk, 'owner'>): [] | [string] {
  return owner === undefined ? [] : [`p${owner.pid}:${owner.startNs}`];
}

interface Address {
  readonly ip: IpAddress;
  readonly lifeMs: number;
}

/** The addresses at the end of the chain of aliases that begins with the question. */
function addressesOf({ questionName, answers = [] }: DnsFacts): Address[] {
  const ttlOf = aliasChain(questionName, answers);
  const found: Address[] = [];
  for (const { name, type, data, ttlSeconds } of answers) {
    const chainTtl = ttlOf.get(name);
    if (chainTtl === undefined || (type !== 'A' && type !== 'AAAA')) continue;
    const ip = parseIp(data);
    if (ip === undefined || isNowhere(ip)) continue;
    const lifeMs = Math.min(chainTtl, ttlSeconds) * 1000;
    found.push({ ip, lifeMs: Math.min(MAX_LIFE_MS, Math.max(MIN_LIFE_MS, lifeMs)) });
    if (found.length === MAX_ADDRESSES) break;
  }
  return found;
}

/** Names that the question leads to, with the shortest life on the way there. Aliases may come in any order. */
function aliasChain(question: string, answers: NonNullable<DnsFacts['answers']>): Map<string, number> {
  const chain = new Map([[question, Number.POSITIVE_INFINITY]]);
  const aliases = answers.filter(({ type }) => type === 'CNAME');
  for (let at = question, steps = 0; steps < MAX_CHAIN; steps++) {
    const alias = aliases.find(({ name }) => name === at);
    if (alias === undefined || chain.has(alias.data)) break;
    chain.set(alias.data, Math.min(chain.get(at) ?? 0, alias.ttlSeconds));
    at = alias.data;
  }
  return chain;
}

/** Blocking resolvers answer with the unspecified address. */
function isNowhere({ w0, w1, w2, w3 }: IpAddress): boolean {
  return (w0 | w1 | w2 | w3) === 0;
}
