import type { ParsedBlocklist } from './blocklist-file.ts';

/** Why a newly read list must not replace the one in use. */
export interface Refusal {
  readonly reason: string;
  readonly line?: number;
}

/**
 * Guards against files that are not lists or were only half there. `previousEntries` is 0 when nothing is in use.
 * undefined: take it.
 */
export function judge({ stats, invalid }: ParsedBlocklist, previousEntries: number): Refusal | undefined {
  const [first] = invalid;
  if (first && stats.invalid * 2 > stats.lines) {
    const share = `${stats.invalid} of ${stats.lines} lines are not addresses`;
    return { reason: `${share}, the first: "${first.text}": ${first.reason}`, line: first.line };
  }
  if (previousEntries > 0 && stats.v4 + stats.v6 === 0) return { reason: 'the file became empty' };
  return undefined;
}
