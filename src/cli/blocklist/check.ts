import { resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import { categoriesBeside } from '../../reputation/categories.ts';
import { judge } from '../../reputation/judge.ts';
import { type ListSettings, parseOptionsOf } from '../../reputation/list-settings.ts';
import { type ParseOutcome, parseBytes } from '../../reputation/parse-bytes.ts';
import { countEntries, type ListNote, type ParsedList } from '../../reputation/parsed-list.ts';
import { readStable } from '../../reputation/read-stable.ts';
import { RESERVED_NETWORKS } from '../../reputation/reserved.ts';
import { findCandidates, listName, resolveSources } from '../../reputation/sources.ts';

export interface CheckOptions {
  readonly config?: string;
  readonly format: 'text' | 'json';
}

interface Checked {
  readonly file: string;
  readonly parsed: ParsedList | undefined;
  /** Why it would not be loaded. */
  readonly problem: string | undefined;
}

/** The JSON report names every line; a file is at most 64 MiB. */
const KEPT_NOTES = 10_000_000;
const SHOWN_NOTES = 20;

/**
 * `blocklist check`: a report per list. Exit code 2 when one of them would not be loaded; bad lines of a good list are
 * told and do not count.
 */
export async function blocklistCheck(
  files: readonly string[],
  { config: configFile, format }: CheckOptions,
): Promise<{ stdout: string; exitCode: number }> {
  const { security } = loadConfig(configFile).config.network;
  const guard = [...RESERVED_NETWORKS, ...security.ownNetworks];
  const checked: Checked[] = [];
  for (const file of await expand(files)) {
    const name = listName(file);
    const settings = Object.hasOwn(security.lists, name) ? (security.lists[name] ?? {}) : {};
    checked.push(await check(file, settings, guard));
  }
  const exitCode = checked.some(({ problem }) => problem !== undefined) ? EXIT.usage : EXIT.ok;
  const stdout =
    format === 'json' ? `${JSON.stringify(checked.map(toJson), null, 2)}\n` : checked.map(toText).join('');
  return { stdout, exitCode };
}

/** Files as they were named, folders as the lists in them. */
async function expand(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const sources = await resolveSources([path], async () => false);
    const candidates = await findCandidates(sources);
    files.push(...(sources[0]?.kind === 'file' ? [path] : candidates.files.keys()));
  }
  return files;
}

async function check(file: string, settings: ListSettings, guard: readonly string[]): Promise<Checked> {
  const outcome = await read(file, settings, guard);
  if (outcome.kind === 'refused') return { file, parsed: undefined, problem: outcome.reason };
  const refusal = judge(outcome.parsed, {
    role: 'block',
    previousEntries: 0,
    formatNamed: settings.format !== undefined,
  });
  return { file, parsed: outcome.parsed, problem: refusal?.reason };
}

async function read(file: string, settings: ListSettings, guard: readonly string[]): Promise<ParseOutcome> {
  const outcome = await readStable(file, { known: undefined, settleMs: 0, sleep: async () => undefined });
  if (outcome.kind === 'refused') return outcome;
  if (outcome.kind !== 'bytes') throw new TelegenError('TELEGEN_BLOCKLIST', `${file}: the file is gone`);
  const categories = await categoriesBeside(resolve(file));
  const context = { role: 'block', guard, seed: 0, keep: KEPT_NOTES } as const;
  return parseBytes(
    outcome.bytes,
    parseOptionsOf(settings, { ...context, ...(categories === undefined ? {} : { categories }) }),
  );
}

/** The documented form: exactly these keys, in this order. */
function toJson({ file, parsed, problem }: Checked): object {
  if (!parsed) {
    const refused = [{ line: 0, text: '', reason: problem }];
    return { file, format: null, ...NOTHING, invalid: refused, ignored: [] };
  }
  const { format, stats, invalid, ignored } = parsed;
  const { v4, v6, names: domains, duplicates } = stats;
  return { file, format, entries: countEntries(parsed), v4, v6, domains, duplicates, invalid, ignored };
}

const NOTHING = { entries: 0, v4: 0, v6: 0, domains: 0, duplicates: 0 };

function toText({ file, parsed, problem }: Checked): string {
  const verdict = problem === undefined ? [] : [`  NOT LOADED: ${problem}`];
  if (!parsed) return `${[file, ...verdict].join('\n')}\n`;
  const { format, stats, invalid, ignored, changed, declared } = parsed;
  const parts = [
    `${countEntries(parsed)} entries (${stats.v4} IPv4, ${stats.v6} IPv6, ${stats.names} names)`,
    `${stats.duplicates} duplicates`,
    `${stats.invalid} invalid`,
    `${stats.ignored} ignored`,
  ];
  const short =
    declared !== undefined && stats.lines < declared
      ? [`  says that it has ${declared} entries, but ${stats.lines} are there`]
      : [];
  const lines = [
    `${file}: ${format}: ${parts.join(', ')}`,
    ...verdict,
    ...short,
    ...notes(file, 'invalid', invalid),
    ...notes(file, 'ignored', ignored),
    ...notes(file, 'changed', changed),
  ];
  return `${lines.join('\n')}\n`;
}

function notes(file: string, sort: string, all: readonly ListNote[]): string[] {
  const shown = all
    .slice(0, SHOWN_NOTES)
    .map(({ line, text, reason }) => `  ${file}:${line}: ${sort}: "${text}": ${reason}`);
  const more = all.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more lines ${sort}`] : shown;
}
