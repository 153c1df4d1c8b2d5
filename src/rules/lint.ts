import type { CompiledDocument, CompiledRule } from './compile.ts';
import { outlook } from './match/bind.ts';
import type { Route } from './routing.ts';
import type { Atom, Expression, testsOf } from './syntax/expression.ts';
import { showLogsource } from './syntax/logsource.ts';
import { STAR } from './syntax/pattern.ts';

/** Documents in one step. */
const STEP = 64;

/** Adds what a careful reader would say of a rule to its problems. */
export function lintRule({ problems, offset, expression }: CompiledRule, route: Route): void {
  if (route.state === 'inert') {
    const code = route.unserved.length > 0 ? 'field-unserved' : 'logsource-unserved';
    problems.warn(code, offset, `${route.reason}; the rule can never fire here`);
    return;
  }
  if (route.state === 'partial')
    problems.warn('field-unserved', offset, `${route.reason}; the rule is evaluated without it`);
  if (isContradiction(expression))
    problems.warn('lint-never-true', offset, 'a field would have to have two values at once');
  if (route.routed.every(({ bound }) => !outlook(bound).canFail))
    problems.warn('lint-always-true', offset, 'every event of the log source makes the condition true');
  if (isTooBroad(expression))
    problems.warn('lint-too-broad', offset, 'the rule asks for nothing but the presence of fields');
}

const isPresence = (atom: Atom): boolean =>
  (atom.kind === 'exists' && atom.value) ||
  (atom.kind === 'text' && atom.pattern.length === 1 && atom.pattern[0] === STAR);

function isTooBroad(expression: Expression): boolean {
  switch (expression.kind) {
    case 'test':
      return expression.atoms.some(isPresence);
    case 'named':
      return isTooBroad(expression.of);
    case 'not':
      return false;
    case 'and':
      return expression.of.every(isTooBroad);
    default:
      return expression.of.some(isTooBroad);
  }
}

/** A conjunction that wants one field to be two different numbers. Lists of an event make this possible for texts only. */
function isContradiction(expression: Expression): boolean {
  if (expression.kind === 'named') return isContradiction(expression.of);
  if (expression.kind !== 'and') return false;
  if (expression.of.some(isContradiction)) return true;
  const wanted = new Map<string, ReadonlySet<unknown>>();
  for (const test of expression.of.flatMap(conjunctTests)) {
    if (test.field === undefined || !test.atoms.every(({ kind }) => kind === 'number')) continue;
    const values = new Set(test.atoms.map((atom) => (atom.kind === 'number' ? atom.value : undefined)));
    const before = wanted.get(test.field);
    if (before !== undefined && [...values].every((value) => !before.has(value))) return true;
    wanted.set(test.field, values);
  }
  return false;
}

function conjunctTests(expression: Expression): ReturnType<typeof testsOf> {
  if (expression.kind === 'test') return [expression];
  if (expression.kind === 'named') return conjunctTests(expression.of);
  return expression.kind === 'and' ? expression.of.flatMap(conjunctTests) : [];
}

/** Warns of rules that say the same as an earlier one. */
export function* shadowedRules(documents: readonly CompiledDocument[]): Generator<void, void> {
  const seen = new Map<string, CompiledRule>();
  for (const [number, document] of documents.entries()) {
    if (number % STEP === STEP - 1) yield;
    if (document.kind !== 'rule') continue;
    const key = `${showLogsource(document.logsource)} ${signature(document.expression)}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, document);
    else
      document.problems.warn(
        'lint-shadowed',
        document.offset,
        `the same log source and detection as "${first.meta.title}" in ${first.file}`,
      );
  }
}

function signature(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => {
    if (key === 'offset' || key === 'name') return undefined;
    return typeof value === 'bigint' ? value.toString() : value;
  });
}
