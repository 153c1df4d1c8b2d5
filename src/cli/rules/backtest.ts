import { ATTR } from '../../model/attributes.ts';
import { EXIT } from '../../model/errors.ts';
import { isoTime } from '../../net/iso-time.ts';
import { createGenericEngine } from '../../rules/generic-engine.ts';
import type { CommandResult } from '../config.ts';
import { replay } from '../replay/replay.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { printable } from './check.ts';
import { readEvents } from './event-lines.ts';
import { loadRules } from './load-rules.ts';

export interface BacktestCommand {
  /** Captures. */
  readonly pcap: readonly string[];
  /** JSON lines as for rules match, with "timestamp". */
  readonly events: readonly string[];
  readonly config?: string;
  readonly format: 'text' | 'json';
}

interface RuleHours {
  readonly id: string;
  readonly title: string;
  alerts: number;
  /** By the hour (ISO 8601) of the capture. */
  readonly hours: Record<string, number>;
}

const HOUR_MS = 3_600_000;

/** `rules backtest`: how often each rule fires on captures and recorded events, per hour, before anything is merged. */
export async function rulesBacktest(
  paths: readonly string[],
  command: BacktestCommand,
  diagnostics: Diagnostics,
): Promise<CommandResult> {
  const byRule = new Map<string, RuleHours>();
  const captures = command.pcap.length === 0 ? EXIT.ok : await replayAll(paths, command, byRule);
  const wrong = await countEvents(paths, command.events, byRule);
  if (wrong > 0) diagnostics.error(`${wrong} lines are no events`);
  const rows = [...byRule.values()].sort((a, b) => b.alerts - a.alerts || (a.id < b.id ? -1 : 1));
  const text = rows.length === 0 ? 'no rule fired\n' : printable(rows.map(textRow).join(''));
  const stdout = command.format === 'json' ? `${JSON.stringify(rows, undefined, 2)}\n` : text;
  return { stdout, exitCode: wrong > 0 ? EXIT.failure : captures };
}

function replayAll(
  paths: readonly string[],
  { pcap, config }: BacktestCommand,
  byRule: Map<string, RuleHours>,
): Promise<number> {
  return replay(pcap, {
    ...(config === undefined ? {} : { config }),
    events: [],
    output: 'jsonl',
    rules: paths,
    onAlert: ({ attributes, timeMs, body }) => {
      const id = attributes[ATTR.ruleId];
      if (typeof id === 'string') count(byRule, { id, title: body, timeMs });
    },
  });
}

async function countEvents(
  paths: readonly string[],
  files: readonly string[],
  byRule: Map<string, RuleHours>,
): Promise<number> {
  if (files.length === 0) return 0;
  const engine = createGenericEngine(loadRules(paths).compiled);
  let wrong = 0;
  let timeMs = 0;
  for (const file of files) {
    for await (const { event } of readEvents(file)) {
      if ('problem' in event) wrong += 1;
      else {
        timeMs = event.timeMs ?? timeMs;
        for (const { key, meta } of engine.match(event, timeMs))
          count(byRule, { id: key, title: meta.title, timeMs });
      }
    }
  }
  for (const { key, meta } of engine.finish()) count(byRule, { id: key, title: meta.title, timeMs });
  return wrong;
}

function count(
  byRule: Map<string, RuleHours>,
  { id, title, timeMs }: { readonly id: string; readonly title: string; readonly timeMs: number },
): void {
  const row = byRule.get(id) ?? { id, title, alerts: 0, hours: {} };
  byRule.set(id, row);
  row.alerts += 1;
  const hour = isoTime(Math.floor(timeMs / HOUR_MS) * HOUR_MS);
  row.hours[hour] = (row.hours[hour] ?? 0) + 1;
}

function textRow({ id, title, alerts, hours }: RuleHours): string {
  const each = Object.entries(hours).map(([hour, n]) => `    ${hour.slice(0, 13)}h  ${n}\n`);
  return `${String(alerts).padStart(8)}  ${id}  ${title}\n${each.join('')}`;
}
