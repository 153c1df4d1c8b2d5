import { categoriesBeside } from './categories.ts';
import { type CompiledList, compileList } from './compiled-list.ts';
import { type JudgeOptions, judge, type Refusal } from './judge.ts';
import type { LastGood } from './last-good.ts';
import type { ListParser } from './list-parser.ts';
import { parseOptionsOf, type SettingsOf } from './list-settings.ts';
import type { ListRole, ParsedList } from './parsed-list.ts';
import { type ReadOptions, type ReadOutcome, readStable } from './read-stable.ts';
import { lineReports, loadedReport, placeOf, type ReportSink, warning } from './report.ts';
import { listName } from './sources.ts';

/** What is known of one list file. `current` is the last good version. */
export interface ListSlot {
  readonly name: string;
  readonly file: string;
  readonly role: ListRole;
  /** Named by the user, not found in a folder. */
  readonly explicit: boolean;
  readonly current?: CompiledList;
  readonly loadedAtMs?: number;
  /** When the version in use was written. */
  readonly modifiedMs?: number;
  /** Lines of the version in use that were not loaded. */
  readonly invalidLines?: number;
  /** Entries that an earlier run had, until this one has its own. */
  readonly entriesBefore?: number;
  /** The version that was looked at last, good or not. */
  readonly signature?: string;
  /** Why the file as it is now is not in use, with file and line. */
  readonly error?: string;
  /** Since when the file has been gone. */
  readonly missingSinceMs?: number;
}

export interface RefreshOptions extends Omit<ReadOptions, 'known'> {
  readonly role: ListRole;
  readonly now: () => number;
  readonly report: ReportSink;
  readonly parser: ListParser;
  readonly settingsOf: SettingsOf;
  /** Networks that no list may accuse, as they are now. */
  readonly guard: () => readonly string[];
  readonly seed: number;
  readonly lastGood?: LastGood;
  /** Takes what is to be done when lookups answer from the new version. */
  readonly onceInUse: (work: () => Promise<void>) => void;
}

export function newSlot(file: string, explicit: boolean, role: ListRole): ListSlot {
  return { name: listName(file), file, role, explicit };
}

/** Looks at the file; gives the same slot when nothing changed. Reports what an operator should know. */
export async function refreshSlot(slot: ListSlot, options: RefreshOptions): Promise<ListSlot> {
  const { signature: known, missingSinceMs, ...rest } = slot;
  const isNew = known === undefined && slot.current === undefined && slot.error === undefined;
  const outcome = await readStable(slot.file, {
    ...options,
    known: missingSinceMs === undefined ? known : undefined,
  });
  if (outcome.kind === 'unchanged') return slot;
  const start = isNew ? await remember(rest, options) : rest;
  const next = await take(start, slot, { outcome, options });
  return isNew && !next.current ? fallBack(next, options) : next;
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

async function remember(slot: ListSlot, { lastGood }: RefreshOptions): Promise<ListSlot> {
  const entriesBefore = await lastGood?.entriesOf(keyOf(slot));
  return entriesBefore === undefined ? slot : { ...slot, entriesBefore };
}

/** One file may serve in both roles. */
function keyOf({ role, file }: ListSlot): string {
  return `${role}:${file}`;
}

interface Taking {
  readonly outcome: Exclude<ReadOutcome, { kind: 'unchanged' }>;
  readonly options: RefreshOptions;
}

function take(slot: ListSlot, before: ListSlot, { outcome, options }: Taking): Promise<ListSlot> | ListSlot {
  if (outcome.kind === 'missing') return markMissing(before, options);
  const seen = { ...slot, signature: outcome.signature };
  if (outcome.kind === 'refused') return refuse(seen, before, { ...outcome, report: options.report });
  return takeBytes(seen, { ...outcome, before, options });
}

interface NewVersion {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly modifiedMs: number;
  readonly before: ListSlot;
  readonly options: RefreshOptions;
}

async function takeBytes(slot: ListSlot, version: NewVersion): Promise<ListSlot> {
  const { options, before, modifiedMs } = version;
  const { report, now } = options;
  const { outcome, bytes } = await read(slot, version.bytes, options);
  if (outcome.kind === 'refused') return refuse(slot, before, { reason: outcome.reason, report });
  const { parsed } = outcome;
  const refusal = judge(parsed, judgeOptions(slot, options));
  if (refusal) return refuse(slot, before, { ...refusal, report });
  for (const lineReport of lineReports(slot.file, parsed)) report(lineReport);
  const taken = inUse(slot, parsed, options);
  options.onceInUse(async () => {
    report(loadedReport(slot.file, parsed));
    if (bytes) await keep(taken, bytes, options);
  });
  return { ...taken, loadedAtMs: now(), modifiedMs };
}

async function keep(
  slot: ListSlot,
  bytes: Uint8Array<ArrayBuffer>,
  { lastGood, report }: RefreshOptions,
): Promise<void> {
  try {
    await lastGood?.save(keyOf(slot), slot.current?.entries ?? 0, bytes);
  } catch (error) {
    report(warning(slot.file, `its last good version cannot be kept for a restart: ${String(error)}`));
  }
}

function judgeOptions(slot: ListSlot, { settingsOf, role }: RefreshOptions): JudgeOptions {
  const { allowShrink, format } = settingsOf(slot.name);
  return {
    role,
    previousEntries: slot.current?.entries ?? slot.entriesBefore ?? 0,
    mayShrink: allowShrink ?? false,
    formatNamed: format !== undefined,
  };
}

function inUse(slot: ListSlot, parsed: ParsedList, { settingsOf, role }: RefreshOptions): ListSlot {
  const { error: _, ...rest } = slot;
  const allowReserved = role === 'allow' || (settingsOf(slot.name).allowReserved ?? false);
  const current = compileList(parsed, { name: slot.name, allowReserved });
  return { ...rest, current, invalidLines: parsed.stats.invalid };
}

async function read(slot: ListSlot, bytes: Uint8Array<ArrayBuffer>, options: RefreshOptions) {
  const { role, guard, seed, settingsOf, parser } = options;
  const categories = await categoriesBeside(slot.file);
  const context = { role, guard: guard(), seed, ...(categories === undefined ? {} : { categories }) };
  return parser.parse(bytes, parseOptionsOf(settingsOf(slot.name), context));
}

/** At the start, a file that cannot be used is replaced by what an earlier run made of it. */
async function fallBack(slot: ListSlot, options: RefreshOptions): Promise<ListSlot> {
  const kept = await options.lastGood?.load(keyOf(slot));
  if (!kept) return slot;
  const { outcome } = await read(slot, kept.bytes, options);
  if (outcome.kind !== 'parsed') return slot;
  const { error } = slot;
  const taken = inUse(slot, outcome.parsed, options);
  const entries = `${taken.current?.entries ?? 0} entries`;
  const age = new Date(kept.savedAtMs).toISOString();
  const message = `using the last good version of an earlier run (${entries}, ${age})`;
  options.report(warning(slot.file, message));
  return { ...taken, loadedAtMs: kept.savedAtMs, ...(error === undefined ? {} : { error }) };
}

interface RefusalReport extends Refusal {
  readonly report: ReportSink;
}

function refuse(slot: ListSlot, before: ListSlot, refusal: RefusalReport): ListSlot {
  const { reason, line, report } = refusal;
  const error = `${placeOf(slot.file, line)}: ${reason}`;
  if (before.error !== error) report(warning(slot.file, `${reason}; ${keptText(slot)}`, line));
  return { ...slot, error };
}

function keptText({ current }: ListSlot): string {
  return current ? `kept last good version (${current.entries} entries)` : 'not loaded';
}
