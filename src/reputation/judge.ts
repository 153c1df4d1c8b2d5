import { countEntries, type ListRole, type ParsedList } from './parsed-list.ts';

/** Why a newly read list must not replace the one in use. */
export interface Refusal {
  readonly reason: string;
  readonly line?: number;
}

export interface JudgeOptions {
  readonly role: ListRole;
  /** Entries in use; 0 when nothing is. */
  readonly previousEntries: number;
  /** The operator said that it may. */
  readonly mayShrink?: boolean;
  /** The operator named the format. */
  readonly formatNamed?: boolean;
}

/** A failed search steps through all ranges that lie around one another. */
const MAX_NESTING = 1024;

/** Guards against files that are not lists, were only half there, or would do harm. undefined: take it. */
export function judge(parsed: ParsedList, options: JudgeOptions): Refusal | undefined {
  const { stats, invalid, format, v4, v6 } = parsed;
  const { role, previousEntries, mayShrink = false, formatNamed = false } = options;
  const [first] = invalid;
  if (first && stats.invalid * 2 > stats.lines) {
    const share = `${stats.invalid} of ${stats.lines} lines are not ${NOUNS.get(format) ?? 'entries'}`;
    return { reason: `${share}, the first: "${first.text}": ${first.reason}`, line: first.line };
  }
  if (format === 'misp-warninglist' && role === 'block' && !formatNamed)
    return { reason: 'a MISP warning list names what is harmless: it belongs into allowlists' };
  if (Math.max(v4.depth, v6.depth) > MAX_NESTING)
    return { reason: `more than ${MAX_NESTING} ranges lie around one another` };
  return shrinkage(countEntries(parsed), previousEntries, mayShrink);
}

const NOUNS: ReadonlyMap<string, string> = new Map([
  ['plain', 'addresses'],
  ['netset', 'addresses'],
]);

function shrinkage(entries: number, previous: number, mayShrink: boolean): Refusal | undefined {
  if (mayShrink || entries * 2 >= previous) return undefined;
  if (entries === 0) return { reason: 'the file became empty' };
  const reason = `held back: it shrank from ${previous} to ${entries} entries (allow_shrink would take it)`;
  return { reason };
}
