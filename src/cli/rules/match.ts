import type { Writable } from 'node:stream';
import { EXIT } from '../../model/errors.ts';
import { createGenericEngine } from '../../rules/generic-engine.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { compileOptionsOf, type RuleReading } from './compile-options.ts';
import { readEvents } from './event-lines.ts';
import { loadRules } from './load-rules.ts';

export interface MatchCommand extends RuleReading {
  /** JSON lines; `-` for standard input. */
  readonly events: string;
  readonly format: 'text' | 'json';
}

/**
 * `rules match`: for each event line the ids of the rules that it fulfils, and of the correlations that come true by it
 * (their time is the line's "timestamp"). Exit code 1 when a line was no event.
 */
export async function rulesMatch(
  paths: readonly string[],
  command: MatchCommand,
  { out, diagnostics }: { readonly out: Writable; readonly diagnostics: Diagnostics },
): Promise<number> {
  const { events, format } = command;
  const { compiled } = loadRules(paths, compileOptionsOf(command));
  const refused = compiled.documents.filter(({ kind }) => kind === 'refused').length;
  if (refused > 0)
    diagnostics.info(`${refused} of ${compiled.documents.length} documents take no part (see rules check)`);
  const engine = createGenericEngine(compiled);
  let wrong = 0;
  let timeMs = 0;
  for await (const { line, event } of readEvents(events)) {
    const isEvent = !('problem' in event);
    if (isEvent) timeMs = event.timeMs ?? timeMs;
    else wrong += 1;
    const result = isEvent
      ? { rules: engine.match(event, timeMs).map(({ key }) => key) }
      : { rules: [], error: event.problem };
    const text = format === 'json' ? JSON.stringify({ line, ...result }) : describe(line, result);
    if (!out.write(`${text}\n`)) await drained(out);
  }
  if (wrong > 0) diagnostics.error(`${wrong} lines are no events`);
  return wrong > 0 ? EXIT.failure : EXIT.ok;
}

function describe(
  line: number,
  { rules, error }: { readonly rules: readonly string[]; readonly error?: string },
): string {
  return `${line}: ${error === undefined ? rules.join(', ') || 'none' : `no event: ${error}`}`;
}

const drained = (out: Writable): Promise<void> => new Promise((resolve) => out.once('drain', resolve));
