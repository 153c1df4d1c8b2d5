import { parseBlocklist } from './blocklist-file.ts';
import { type CompiledList, compileList } from './compiled-list.ts';
import { judge } from './judge.ts';
import { type ReadOptions, readStable } from './read-stable.ts';
import { info, lineReports, placeOf, type ReportSink, warning } from './report.ts';
import { listName } from './sources.ts';

/** What is known of one list file. `current` is the last good version. */
export interface ListSlot {
  readonly name: string;
  readonly file: string;
  /** Named by the user, not found in a folder. */
  readonly explicit: boolean;
  readonly current?: CompiledList;
  readonly loadedAtMs?: number;
  /** The version that was looked at last, good or not. */
  readonly signature?: string;
  /** Why the file as it is now is not in use, with file and line. */
  readonly error?: string;
  /** Since when the file has been gone. */
  readonly missingSinceMs?: number;
}

export interface RefreshOptions extends Omit<ReadOptions, 'known'> {
  readonly now: () => number;
  readonly report: ReportSink;
}

export function newSlot(file: string, explicit: boolean): ListSlot {
  return { name: listName(file), file, explicit };
}

/** Looks at the file; gives the same slot when nothing changed. Reports what an operator should know. */
export async function refreshSlot(slot: ListSlot, options: RefreshOptions): Promise<ListSlot> {
  const { signature: known, missingSinceMs, ...rest } = slot;
  const outcome = await readStable(slot.file, {
    ...options,
    known: missingSinceMs === undefined ? known : undefined,
  });
  switch (outcome.kind) {
    case 'unchanged':
      return slot;
    case 'missing':
      return markMissing(slot, options);
    case 'refused':
      return refuse({ ...rest, signature: outcome.signature }, slot, {
        reason: outcome.reason,
        report: options.report,
      });
    case 'text':
      return takeText({ ...rest, signature: outcome.signature }, outcome.text, options);
  }
}

/** The first time a file is found gone is remembered; a named file is reported at once, a folder's after the grace. */
export function markMissing(
  slot: ListSlot,
  { now, report }: Pick<RefreshOptions, 'now' | 'report'>,
): ListSlot {
  if (slot.missingSinceMs !== undefined) return slot;
  const reason = 'the file is gone';
  if (slot.explicit) report(warning(slot.file, `${reason}; ${keptText(slot)}`));
  return { ...slot, error: `${slot.file}: ${reason}`, missingSinceMs: now() };
}

function takeText(slot: ListSlot, text: string, { now, report }: RefreshOptions): ListSlot {
  const parsed = parseBlocklist(text, slot.file);
  const refusal = judge(parsed, slot.current?.entries ?? 0);
  if (refusal) return refuse(slot, slot, { ...refusal, report });
  for (const lineReport of lineReports(parsed)) report(lineReport);
  const { error: _, ...rest } = slot;
  const current = compileList(slot.name, parsed);
  report(info(slot.file, `loaded ${current.entries} entries`));
  return { ...rest, current, loadedAtMs: now() };
}

interface RefusalReport {
  readonly reason: string;
  readonly line?: number;
  readonly report: ReportSink;
}

function refuse(slot: ListSlot, before: ListSlot, { reason, line, report }: RefusalReport): ListSlot {
  const error = `${placeOf(slot.file, line)}: ${reason}`;
  if (before.error !== error) report(warning(slot.file, `${reason}; ${keptText(slot)}`, line));
  return { ...slot, error };
}

function keptText({ current }: ListSlot): string {
  return current ? `kept last good version (${current.entries} entries)` : 'not loaded';
}
