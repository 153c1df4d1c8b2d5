import { readFileSync } from 'node:fs';
import { EXIT, TelegenError } from '../../model/errors.ts';
import type { CompiledRule } from '../../rules/compile.ts';
import { type Explanation, explain } from '../../rules/explain.ts';
import { createGenericMatcher } from '../../rules/generic-events.ts';
import { isServedBy, showLogsource } from '../../rules/syntax/logsource.ts';
import type { CommandResult } from '../config.ts';
import { printable } from './check.ts';
import { compileOptionsOf, type RuleReading } from './compile-options.ts';
import { parseEvent } from './event-lines.ts';
import { loadRules } from './load-rules.ts';
import { rulePaths } from './rule-paths.ts';

export interface ExplainCommand extends RuleReading {
  readonly event: string;
  readonly dir?: readonly string[];
  readonly format: 'text' | 'json';
}

/** `rules explain`: which parts of a rule an event fulfils and which not. Exit code 1 when the rule does not match. */
export function rulesExplain(rule: string, command: ExplainCommand): CommandResult {
  const found = findRule(rule, command);
  const event = readEvent(command.event);
  const source = { ...found.logsource, ...event.logsource };
  const generic = createGenericMatcher([found])(source);
  const [bound] = generic.bounds;
  const served = isServedBy(found.logsource, source);
  if (!served || bound === undefined) {
    const reason = `the rule is for ${showLogsource(found.logsource)}, the event is of ${showLogsource(source)}`;
    const json = { id: found.key, matches: false, reason };
    return { stdout: command.format === 'json' ? toJson(json) : `${reason}\n`, exitCode: EXIT.failure };
  }
  const explanation = explain(bound, generic.index.reader({ ...event, logsource: source }));
  const matches = explanation.holds;
  const stdout =
    command.format === 'json'
      ? toJson({ id: found.key, matches, explanation })
      : printable(
          `${found.meta.title}: ${matches ? 'matches' : 'does not match'}\n${lines(explanation, 1).join('\n')}\n`,
        );
  return { stdout, exitCode: matches ? EXIT.ok : EXIT.failure };
}

const toJson = (value: unknown): string =>
  `${JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? each.toString() : each), 2)}\n`;

function findRule(name: string, command: ExplainCommand): CompiledRule {
  const { compiled } = loadRules(rulePaths(command.dir ?? []), compileOptionsOf(command));
  const named = compiled.documents.filter(({ meta, file }) =>
    [meta.id, meta.name, meta.title, file].includes(name),
  );
  const rule = named.find((document): document is CompiledRule => document.kind === 'rule');
  if (rule !== undefined) return rule;
  const [refused] = named;
  const reason =
    refused === undefined
      ? 'no rule has this id, name or title'
      : refused.kind === 'refused'
        ? refused.reason
        : 'it is a correlation; explain the rules that it builds on';
  throw new TelegenError('TELEGEN_RULES', `${name}: ${reason}`);
}

function readEvent(file: string) {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new TelegenError('TELEGEN_RULES', `${file}: cannot be read`, { cause });
  }
  const event = parseEvent(text);
  if ('problem' in event) throw new TelegenError('TELEGEN_RULES', `${file}: ${event.problem}`);
  return event;
}

function lines(explanation: Explanation, depth: number): readonly string[] {
  const mark = `${'  '.repeat(depth)}${explanation.holds ? '+' : '-'} `;
  if (explanation.kind !== 'test') {
    const title = explanation.kind === 'named' ? explanation.name : explanation.kind;
    return [`${mark}${title}`, ...explanation.of.flatMap((part) => lines(part, depth + 1))];
  }
  const { field, present, values, expected, matched } = explanation;
  const has = present
    ? values
        .slice(0, 5)
        .map((value) => JSON.stringify(String(value)))
        .join(', ')
    : 'absent';
  const shown =
    field === undefined
      ? matched === undefined
        ? ''
        : `, found in ${JSON.stringify(String(matched))}`
      : ` is ${has}`;
  return [`${mark}${field ?? 'any field'}${shown}, wanted: ${expected.join(' | ')}`];
}
