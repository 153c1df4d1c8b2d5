import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { EXIT } from '../../model/errors.ts';
import type { CompiledRule } from '../../rules/compile.ts';
import { createGenericMatcher, type GenericEvent, type GenericRules } from '../../rules/generic-events.ts';
import type { Logsource } from '../../rules/syntax/logsource.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { loadRules } from './load-rules.ts';
import { readPlaceholders } from './placeholders-file.ts';

export interface MatchCommand {
  /** JSON lines; `-` for standard input. */
  readonly events: string;
  readonly placeholders?: string;
}

/** `rules match`: for each event line the ids of the rules that it fulfils. Exit code 1 when a line was no event. */
export async function rulesMatch(
  paths: readonly string[],
  { events, placeholders }: MatchCommand,
  { out, diagnostics }: { readonly out: Writable; readonly diagnostics: Diagnostics },
): Promise<number> {
  const { compiled } = loadRules(paths, { placeholders: readPlaceholders(placeholders) });
  const rules = compiled.documents.filter((document): document is CompiledRule => document.kind === 'rule');
  const refused = compiled.documents.length - rules.length;
  if (refused > 0)
    diagnostics.info(`${rules.length} rules; ${refused} documents take no part (see rules check)`);
  const rulesFor = createGenericMatcher(rules);
  const input = events === '-' ? process.stdin : createReadStream(events);
  let number = 0;
  let wrong = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === '') continue;
    const event = parseEvent(line);
    if ('problem' in event) wrong += 1;
    const result =
      'problem' in event
        ? { rules: [], error: event.problem }
        : { rules: idsOf(rulesFor(event.logsource), event) };
    if (!out.write(`${JSON.stringify({ line: number, ...result })}\n`)) await drained(out);
  }
  if (wrong > 0) diagnostics.error(`${wrong} lines are no events`);
  return wrong > 0 ? EXIT.failure : EXIT.ok;
}

function idsOf({ rules, index }: GenericRules, event: GenericEvent): readonly string[] {
  return index.match(event).flatMap((number) => rules[number]?.key ?? []);
}

const drained = (out: Writable): Promise<void> => new Promise((resolve) => out.once('drain', resolve));

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
) => unknown;

/** Whole numbers that a double cannot hold stay exact. */
const exact: Reviver = (_key, value, context) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? BigInt(context?.source ?? '0')
    : value;

/** Reads one event line: `{"logsource": {...}, "fields": {...}}`. */
export function parseEvent(line: string): GenericEvent | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line, exact);
  } catch (error) {
    return { problem: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const { logsource, fields } = isRecord(value) ? value : {};
  if (!isRecord(fields)) return { problem: '"fields" must be an object' };
  const source: Record<string, string> = {};
  for (const [key, text] of Object.entries(isRecord(logsource) ? logsource : {})) {
    if (typeof text === 'string' && text !== '') source[key] = text.toLowerCase();
  }
  return { logsource: source as Logsource, fields };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
