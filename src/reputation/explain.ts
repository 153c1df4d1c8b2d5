import type { ListMatch } from '../model/lookup.ts';
import { type AddressRange, parseNetwork } from '../net/prefix.ts';
import { createRangeCover } from '../net/range-cover.ts';
import type { CompiledList } from './compiled-list.ts';
import { hostName } from './host-name.ts';

/** What somebody asks about. */
export type Question =
  | { readonly ok: true; readonly kind: 'network'; readonly value: string; readonly range: AddressRange }
  | { readonly ok: true; readonly kind: 'name'; readonly value: string; readonly name: string };

export interface Explanation {
  readonly value: string;
  /** An entry names it, and is neither expired nor kept from speaking of reserved addresses. */
  readonly listed: boolean;
  readonly allowed: readonly ListMatch[];
  readonly entries: readonly ExplainedEntry[];
  /** All of it is reserved or this site's own. */
  readonly reserved: boolean;
  /** Whether it would alert, and why (not). */
  readonly verdict: string;
}

export interface ExplainedEntry {
  readonly match: ListMatch;
  /** Why this entry does not count, or counts only sometimes. */
  readonly note: string | undefined;
}

export interface Lists {
  readonly block: readonly CompiledList[];
  readonly allow: readonly CompiledList[];
  readonly guard: readonly string[];
}

/** An address, CIDR, range or host name. */
export function parseQuestion(value: string): Question | { readonly ok: false; readonly reason: string } {
  const text = value.trim();
  const network = parseNetwork(text);
  if (network.ok) return { ok: true, kind: 'network', value, range: network.range };
  const name = hostName(text);
  if (name.ok) return { ok: true, kind: 'name', value, name: name.name };
  return {
    ok: false,
    reason: `"${value}" is no address, network or host name (${network.reason}; ${name.reason})`,
  };
}

/** Everything that the lists say of it. Of a network: the entries around it and those within, most specific first. */
export function explain(question: Question, lists: Lists, nowMs: number): Explanation {
  const { value } = question;
  const allowed = lists.allow.flatMap((list) => ask(list, question));
  const reserved = isReserved(question, lists.guard);
  const entries = lists.block
    .filter((list) => !reserved || list.allowReserved)
    .flatMap((list) => ask(list, question))
    .map((match) => ({ match, note: noteOf(match, nowMs) }));
  const listed = entries.some(({ match }) => !isExpired(match, nowMs));
  const parts = { listed, isAllowed: allowed.length > 0, reserved, entries };
  return { value, listed, allowed, entries, reserved, verdict: verdictOf(parts) };
}

function ask(list: CompiledList, question: Question): readonly ListMatch[] {
  return question.kind === 'network' ? list.matches(question.range) : list.nameMatches(question.name);
}

function isReserved(question: Question, guard: readonly string[]): boolean {
  if (question.kind === 'name') return false;
  const parsed = guard.map(parseNetwork);
  return createRangeCover(parsed.flatMap((each) => (each.ok ? [each.range] : []))).covers(question.range);
}

function isExpired({ expiresMs }: ListMatch, nowMs: number): boolean {
  return expiresMs !== undefined && nowMs >= expiresMs;
}

function noteOf(match: ListMatch, nowMs: number): string | undefined {
  if (isExpired(match, nowMs)) return 'expired: does not match';
  if (match.port !== undefined) return `matches connections out to port ${match.port} only`;
  return match.direction === undefined ? undefined : `matches ${match.direction} connections only`;
}

interface VerdictParts {
  readonly listed: boolean;
  readonly isAllowed: boolean;
  readonly reserved: boolean;
  readonly entries: readonly ExplainedEntry[];
}

function verdictOf({ listed, isAllowed, reserved, entries }: VerdictParts): string {
  if (isAllowed) return listed ? 'listed, but allowed: no alert' : 'not listed, and allowed: no alert';
  if (listed) {
    const always = entries.some(({ note }) => note === undefined);
    return always ? 'listed: alerts' : 'listed: alerts on some connections';
  }
  if (entries.length > 0) return 'listed by expired entries only: no alert';
  return reserved ? 'reserved or own: no list may accuse it' : 'not listed';
}
