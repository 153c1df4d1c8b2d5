import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import {
  type Compiled,
  type CompiledRule,
  type CompileOptions,
  compileRules,
} from '../../src/rules/compile.ts';
import { createGenericMatcher } from '../../src/rules/generic-events.ts';

export const LOGSOURCE = { category: 'test' };

/** Compiles one YAML text as a rule file called rule.yml. */
export function compileText(
  text: string,
  options: CompileOptions = {},
): Compiled & { readonly places: (offset: number) => string } {
  const yaml = readRuleYaml(text);
  const compiled = compileRules(
    [{ file: 'rule.yml', documents: yaml.documents, problems: yaml.problems }],
    options,
  );
  const places = (offset: number): string => {
    const { line, column } = yaml.placeOf(offset);
    return `${line}:${column}`;
  };
  return { ...compiled, places };
}

/** A rule whose detection section is the given YAML, indented as it stands. */
export function ruleText(detection: string, more = ''): string {
  const body = detection
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return `title: Test\n${more}logsource:\n    category: test\ndetection:\n${body}\n`;
}

/** One selection item as a rule: `selection('Field|contains: a')`. */
export const selection = (item: string): string =>
  ruleText(
    `sel:\n${item
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n')}\ncondition: sel`,
  );

/** All problems as `code@line:column`, errors and warnings alike. */
export function problemsOf(text: string, options: CompileOptions = {}): string[] {
  const { documents, filters, fileProblems, places } = compileText(text, options);
  const all = [
    ...fileProblems.map(({ problem }) => problem),
    ...[...documents, ...filters].flatMap(({ problems }) => problems.list),
  ];
  return [...new Set(all.map(({ code, offset }) => `${code}@${places(offset)}`))];
}

/** Whether the only rule of a text matches an event; through the index, which must agree with the plain evaluation. */
export function matches(
  text: string,
  fields: Record<string, unknown>,
  options: CompileOptions = {},
): boolean {
  const { documents } = compileText(text, options);
  const rules = documents.filter((document): document is CompiledRule => document.kind === 'rule');
  if (rules.length !== 1)
    throw new Error(`not one sound rule: ${JSON.stringify(documents.map(({ problems }) => problems.list))}`);
  const { index } = createGenericMatcher(rules)(LOGSOURCE);
  const event = { logsource: LOGSOURCE, fields };
  const found = [...index.match(event)];
  const plain = index.matchPlainly(event);
  if (JSON.stringify(found) !== JSON.stringify(plain))
    throw new Error(`index says ${found.join()}, scan says ${plain.join()}`);
  return found.length > 0;
}
