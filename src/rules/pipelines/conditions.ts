import { conditionHolds, namesIn, parseCondition } from '../syntax/condition.ts';
import type { YamlNode } from '../syntax/node.ts';
import { Problems } from '../syntax/problem.ts';
import { FIELD_CONDITIONS, type FieldTest } from './field-conditions.ts';
import { ITEM_CONDITIONS, type ItemTest } from './item-conditions.ts';
import { Params, PipelineError } from './params.ts';
import { RULE_CONDITIONS, type RuleTest } from './rule-conditions.ts';

/** Reads the parameters of one condition. */
type ConditionReader<T> = (params: Params) => T;

/** What a pipeline's item asks of documents, items and fields; absent parts hold. */
export interface ItemConditions {
  readonly rule: RuleTest | undefined;
  readonly item: ItemTest | undefined;
  readonly field: FieldTest | undefined;
}

/** Reads all conditions of a pipeline's item. Throws PipelineError. */
export function readConditions(params: Params): ItemConditions {
  const rule = readGroup(params, ['rule_conditions', 'rule_cond'], RULE_CONDITIONS);
  const item = readGroup(params, ['detection_item_conditions', 'detection_item_cond'], ITEM_CONDITIONS);
  const field = readGroup(params, ['field_name_conditions', 'field_name_cond'], FIELD_CONDITIONS);
  return { rule, item, field };
}

type Test = (...args: never[]) => boolean;
type Readers<T> = Readonly<Record<string, ConditionReader<T>>>;

/** One of the three groups: a list or mapping of conditions, joined by `_op`, `_not`, or by a `_expr` over their names. */
function readGroup<T extends Test>(
  params: Params,
  [key, prefix]: readonly [string, string],
  readers: Readers<T>,
): T | undefined {
  const node = params.node(key);
  const operator = params.choice(`${prefix}_op`, ['and', 'or'], 'and');
  const isNegated = params.flag(`${prefix}_not`);
  const expression = params.text(`${prefix}_expr`);
  if (node === undefined) {
    if (expression !== undefined) params.fail(`${prefix}_expr`, `"${prefix}_expr" needs "${key}"`);
    return undefined;
  }
  const tests = readTests(node, key, readers);
  const all = [...tests.values()];
  if (all.length === 0) return undefined;
  if (expression !== undefined) return byExpression(params, `${prefix}_expr`, expression, tests);
  const joined =
    operator === 'and'
      ? (...args: never[]) => all.every((test) => test(...args))
      : (...args: never[]) => all.some((test) => test(...args));
  return (isNegated ? (...args: never[]) => !joined(...args) : joined) as T;
}

function readTests<T>(node: YamlNode, key: string, readers: Readers<T>): ReadonlyMap<string, T> {
  if (node.kind === 'map')
    return new Map(node.entries.map(({ key: name, value }) => [name, readTest(value, key, readers)]));
  if (node.kind !== 'seq') throw new PipelineError(node.offset, `"${key}" must be a list of conditions`);
  return new Map(node.items.map((each, i) => [String(i), readTest(each, key, readers)]));
}

function readTest<T>(node: YamlNode, key: string, readers: Readers<T>): T {
  const params = new Params(node, `a condition of "${key}"`);
  const type = params.choice('type', Object.keys(readers));
  const test = (readers[type] as ConditionReader<T>)(params);
  params.end();
  return test;
}

function byExpression<T extends Test>(
  params: Params,
  key: string,
  text: string,
  tests: ReadonlyMap<string, T>,
): T {
  const problems = new Problems();
  const condition = parseCondition({ text, offset: 0, names: [...tests.keys()] }, problems);
  if (condition === undefined || problems.failed) params.fail(key, problems.reason ?? 'malformed expression');
  const unused = [...tests.keys()].find((name) => !namesIn(condition).includes(name));
  if (unused !== undefined) params.fail(key, `"${key}" never uses the condition "${unused}"`);
  return ((...args: never[]) =>
    conditionHolds(condition, (name) => tests.get(name)?.(...args) === true)) as T;
}
