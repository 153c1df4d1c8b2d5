import { EXIT } from '../../model/errors.ts';
import { type RuleTestResult, runRuleTests } from '../../rules/rule-tests.ts';
import type { CommandResult } from '../config.ts';
import { printable } from './check.ts';
import { compileOptionsOf, type RuleReading } from './compile-options.ts';
import { type LoadedRules, loadRules } from './load-rules.ts';
import { rulePaths } from './rule-paths.ts';

export const TEST_FORMS = ['text', 'json', 'tap', 'junit'] as const;

export interface TestCommand extends RuleReading {
  readonly format: (typeof TEST_FORMS)[number];
}

/** `rules test`: runs the tests at the foot of rule files. Exit code 1 when one fails or is missing. */
export function rulesTest(paths: readonly string[], command: TestCommand): CommandResult {
  const { format } = command;
  const loaded = loadRules(rulePaths(paths), compileOptionsOf(command));
  const results = runRuleTests(loaded.compiled);
  const broken = loaded.compiled.fileProblems.map(({ file, problem }) => `${file}: ${problem.message}`);
  const ok = broken.length === 0 && results.every((result) => result.ok);
  const stdout = FORMS[format](results, loaded, broken);
  return { stdout, exitCode: ok ? EXIT.ok : EXIT.failure };
}

type Form = (results: readonly RuleTestResult[], loaded: LoadedRules, broken: readonly string[]) => string;

const place = ({ document, offset }: RuleTestResult, { placeOf }: LoadedRules): string => {
  const { line, column } = placeOf(document.file, offset);
  return `${document.file}:${line}:${column}`;
};

const FORMS: Readonly<Record<TestCommand['format'], Form>> = {
  text(results, loaded, broken) {
    const failed = results.filter((result) => !result.ok);
    const lines = failed.map(
      (result) =>
        `${place(result, loaded)}: ${result.document.meta.title}: ${result.name}: ${result.problem}`,
    );
    const sum = `${results.length - failed.length} passed, ${failed.length + broken.length} failed`;
    return `${printable([...broken, ...lines, sum].join('\n'))}\n`;
  },
  json(results, loaded, broken) {
    const tests = results.map((result) => ({
      id: result.document.key,
      title: result.document.meta.title,
      place: place(result, loaded),
      name: result.name,
      ok: result.ok,
      problem: result.problem ?? null,
    }));
    return `${JSON.stringify({ ok: results.every(({ ok }) => ok) && broken.length === 0, tests, broken }, undefined, 2)}\n`;
  },
  tap(results, loaded, broken) {
    const all = [
      ...broken.map((text) => ({ ok: false, text, problem: undefined, at: '' })),
      ...results.map((result) => ({
        ok: result.ok,
        text: `${result.document.meta.title}: ${result.name}`,
        problem: result.problem,
        at: place(result, loaded),
      })),
    ];
    const lines = all.map(({ ok, text, problem, at }, n) => {
      const line = `${ok ? 'ok' : 'not ok'} ${n + 1} - ${text.replaceAll('#', '\\#')}`;
      return problem === undefined ? line : `${line}\n  # ${at}: ${problem}`;
    });
    return `${printable(['TAP version 13', `1..${all.length}`, ...lines].join('\n'))}\n`;
  },
  junit(results, loaded, broken) {
    const cases = results.map((result) => {
      const name = `name="${xml(result.name)}" classname="${xml(result.document.meta.title)}"`;
      return result.ok
        ? `    <testcase ${name}/>`
        : `    <testcase ${name}><failure message="${xml(`${place(result, loaded)}: ${result.problem}`)}"/></testcase>`;
    });
    const files = broken.map(
      (text) => `    <testcase name="file"><failure message="${xml(text)}"/></testcase>`,
    );
    const failures = results.filter(({ ok }) => !ok).length + broken.length;
    const suite = `  <testsuite name="rules" tests="${results.length + broken.length}" failures="${failures}">`;
    const head = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>';
    return `${[head, suite, ...files, ...cases, '  </testsuite>', '</testsuites>'].join('\n')}\n`;
  },
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const xml = (text: string): string =>
  printable(text)
    .replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
    .replaceAll('\n', '&#10;');
