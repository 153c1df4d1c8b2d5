import { EXIT } from '../../model/errors.ts';
import type { Place } from '../../rule-files/read-yaml.ts';
import { createClasses, listClasses } from '../../rules/classes/index.ts';
import { NO_PORTS } from '../../rules/classes/ports.ts';
import type { CompiledDocument } from '../../rules/compile.ts';
import { type DocumentReport, type LoadReport, reportRules } from '../../rules/report.ts';
import type { RuleProblem } from '../../rules/syntax/problem.ts';
import type { CommandResult } from '../config.ts';
import { compileOptionsOf, type RuleReading } from './compile-options.ts';
import { type LoadedRules, loadRules } from './load-rules.ts';

export interface CheckCommand extends RuleReading {
  readonly format: 'text' | 'json';
  readonly portableWindows?: boolean;
}

/** A problem with its place, as `rules check` prints it. */
export interface PlacedProblem extends Place {
  readonly file: string;
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** `rules check`: what became of every document, and everything wrong with them. Exit code 2 when there is an error. */
export function rulesCheck(paths: readonly string[], command: CheckCommand): CommandResult {
  const loaded = loadRules(paths, compileOptionsOf(command));
  const report = reportRules(loaded.compiled, listClasses(createClasses(NO_PORTS, 'host')), {
    portableWindows: command.portableWindows === true,
  });
  const problems = placedProblems(loaded);
  const failed = problems.some(({ severity }) => severity === 'error');
  const stdout = command.format === 'json' ? json(report, loaded, problems) : text(report, problems);
  return { stdout, exitCode: failed ? EXIT.usage : EXIT.ok };
}

/** All problems of files, documents and filters, in the order of files and lines. */
export function placedProblems({ compiled, placeOf }: LoadedRules): readonly PlacedProblem[] {
  const place = (file: string, { code, severity, message, offset }: RuleProblem): PlacedProblem => ({
    file,
    ...placeOf(file, offset),
    code,
    severity,
    message,
  });
  const all = [
    ...compiled.fileProblems.map(({ file, problem }) => place(file, problem)),
    ...[...compiled.documents, ...compiled.filters].flatMap(({ file, problems }) =>
      problems.list.map((problem) => place(file, problem)),
    ),
  ];
  const unique = [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
  return unique.sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function json(
  { counts, documents }: LoadReport,
  { placeOf }: LoadedRules,
  problems: readonly PlacedProblem[],
): string {
  const rules = documents.map(({ document, state, reason }) => ({
    id: document.key,
    title: document.meta.title,
    file: document.file,
    line: placeOf(document.file, document.offset).line,
    state,
    reason: reason ?? null,
  }));
  return `${JSON.stringify({ ...counts, rules, problems }, undefined, 2)}\n`;
}

function text({ counts, documents }: LoadReport, problems: readonly PlacedProblem[]): string {
  const lines = problems.map(
    ({ file, line, column, severity, code, message }) =>
      `${line > 0 ? `${file}:${line}:${column}` : file}: ${severity}: ${message} [${code}]`,
  );
  const idle = documents.filter(({ state, document }) => state !== 'loaded' && !hasProblem(document));
  const reasons = idle.map(describe);
  const { loaded, partial, inert, refused } = counts;
  const sum = `${loaded} loaded, ${partial} partial, ${inert} inert, ${refused} refused`;
  return `${printable([...lines, ...reasons, sum].join('\n'))}\n`;
}

const hasProblem = ({ problems }: CompiledDocument): boolean => problems.list.length > 0;

const describe = ({ document, state, reason }: DocumentReport): string =>
  `${document.file}: ${state}: ${document.meta.title}: ${reason}`;

/** Text from files may hold anything: no control character but the line end reaches a terminal. */
export const printable = (value: string): string =>
  value.replace(/[^\P{Cc}\n]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
