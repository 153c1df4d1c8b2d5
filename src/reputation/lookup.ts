import type { IpAddress } from '../model/ip-address.ts';
import type { EntryFacts, ListMatch, LookupContext, ReputationLookup } from '../model/lookup.ts';
import { parseNetwork } from '../net/prefix.ts';
import { type PrefixSet, prefixSetOf } from '../net/prefix-set.ts';
import type { CompiledList } from './compiled-list.ts';
import { hostName } from './host-name.ts';

export interface ListsInUse {
  readonly block: readonly CompiledList[];
  /** These win over `block`. */
  readonly allow: readonly CompiledList[];
  /** Reserved and own networks: lists that are not allowed to speak of them are not heard. */
  readonly guard?: readonly string[];
  /** Told of each match, by the name of the list. */
  readonly onHit?: (list: string) => void;
}

const NO_MATCHES: readonly ListMatch[] = Object.freeze([]);
/** `[2001:db8::1]:8080`, `name:8080` and `name` */
const HOST_PORT = /^(?:\[[^\]]*\]|[^:]*)(?::\d*)?$/;

/** What no source may accuse. */
export interface Exemptions {
  /** Allowed, reserved or own. */
  exempts(ip: IpAddress): boolean;
  exemptsName(name: string): boolean;
}

/** Asks each list; allocates only when something matches. */
export function createLookup({ block, allow, guard = [], onHit }: ListsInUse): ReputationLookup & Exemptions {
  const guarded = networkSet(guard);
  const knowsNames = [...block, ...allow].some((list) => list.names > 0);

  function blockedBy(ip: IpAddress, list: CompiledList): boolean {
    return list.has(ip) && (list.allowReserved || !guarded.has(ip));
  }
  function heard(matches: readonly ListMatch[], context: LookupContext): readonly ListMatch[] {
    const live = matches.filter((match) => applies(match, context));
    const [first] = live;
    if (first && onHit) onHit(first.list);
    return live;
  }
  function lookup(ip: IpAddress, context: LookupContext): readonly ListMatch[] {
    for (const list of allow) {
      if (!list.has(ip)) continue;
      onHit?.(list.name);
      return NO_MATCHES;
    }
    let found: ListMatch[] | undefined;
    for (const list of block) {
      if (!blockedBy(ip, list)) continue;
      found = [...(found ?? []), ...heard(list.matches({ first: ip, last: ip }), context)];
    }
    return found ?? NO_MATCHES;
  }
  function lookupName(text: string, context: LookupContext): readonly ListMatch[] {
    const name = knowsNames ? observedName(text) : undefined;
    if (name === undefined) return NO_MATCHES;
    for (const list of allow) {
      if (!list.hasName(name)) continue;
      onHit?.(list.name);
      return NO_MATCHES;
    }
    let found: ListMatch[] | undefined;
    for (const list of block) {
      if (!list.hasName(name)) continue;
      found = [...(found ?? []), ...heard(list.nameMatches(name), context)];
    }
    return found ?? NO_MATCHES;
  }
  return {
    lookup,
    lookupName,
    hasNames: () => block.some((list) => list.names > 0),
    exempts: (ip) => guarded.has(ip) || allow.some((list) => list.has(ip)),
    exemptsName(text) {
      const name = observedName(text);
      return name !== undefined && allow.some((list) => list.hasName(name));
    },
  };
}

/** Hosts that a service speaks with are few, and asked for again and again. */
const REMEMBERED = 1_024;
const remembered = new Map<string, string | undefined>();

/** A name out of a question, a server name or a Host header, in the form that lists have; undefined for anything else. */
export function observedName(text: string): string | undefined {
  if (text.length > 300) return undefined;
  const known = remembered.get(text);
  if (known !== undefined || remembered.has(text)) return known;
  const name = nameIn(text);
  if (remembered.size >= REMEMBERED) remembered.clear();
  remembered.set(text, name);
  return name;
}

function nameIn(text: string): string | undefined {
  if (!HOST_PORT.test(text)) return undefined;
  const parsed = hostName(text.replace(/:\d*$/, ''));
  return parsed.ok ? parsed.name : undefined;
}

/** Whether the entry speaks of this traffic: not expired, the right direction, the right port. */
export function applies(
  { expiresMs, direction, port }: EntryFacts,
  { timeMs, direction: seen, port: seenPort }: LookupContext,
): boolean {
  if (expiresMs !== undefined && timeMs >= expiresMs) return false;
  if (direction !== undefined && direction !== seen) return false;
  if (port === undefined) return true;
  // The port is one that the accused listens on: it says nothing of connections that come from there.
  return seen === 'outbound' && (seenPort === undefined || seenPort === port);
}

export function networkSet(texts: readonly string[]): PrefixSet {
  const parsed = texts.map(parseNetwork);
  return prefixSetOf(parsed.flatMap((each) => (each.ok ? [each.range] : [])));
}
