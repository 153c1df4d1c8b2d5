import { type DetectionItem, itemsOf } from '../syntax/detection.ts';
import { isServedBy, type Logsource } from '../syntax/logsource.ts';
import { LEVELS, type Metadata, STATUSES } from '../syntax/metadata.ts';
import type { ScalarValue } from '../syntax/node.ts';
import { shownText, withoutAnchors } from './item-text.ts';
import type { Params } from './params.ts';
import type { Subject } from './subject.ts';

export type RuleTest = (subject: Subject) => boolean;

const OPERATORS = ['eq', 'ne', 'gte', 'gt', 'lte', 'lt', 'in', 'not_in'] as const;
type Operator = (typeof OPERATORS)[number];

/** Conditions on a whole rule or correlation, by their type. */
export const RULE_CONDITIONS: Readonly<Record<string, (params: Params) => RuleTest>> = {
  logsource(params) {
    const asked = readLogsource(params);
    return ({ logsources }) => logsources.some((own) => isServedBy(asked, own));
  },
  contains_field(params) {
    const field = params.needText('field');
    return (subject) => allItems(subject).some((item) => item.field === field);
  },
  contains_detection_item(params) {
    const field = params.text('field');
    const value = params.scalar('value');
    return (subject) =>
      allItems(subject).some(
        (item) => item.field === field && valuesOf(item).some((own) => same(own, value)),
      );
  },
  processing_item_applied(params) {
    const id = params.needText('processing_item_id');
    return ({ applied }) => applied.has(id);
  },
  processing_state: stateTest,
  is_sigma_rule: () => (subject) => subject.correlation === undefined,
  is_sigma_correlation_rule: () => (subject) => subject.correlation !== undefined,
  rule_attribute(params) {
    const attribute = params.needText('attribute');
    const value = params.scalar('value');
    const operator = params.choice('op', OPERATORS, 'eq');
    return ({ meta }) => attributeHolds(attributeOf(meta, attribute), operator, value);
  },
  tag(params) {
    const tag = params.needText('tag');
    return ({ meta }) => meta.tags.includes(tag);
  },
};

/** Reads `category`, `product` and `service`, at least one of them. */
export function readLogsource(params: Params): Logsource {
  const logsource: { category?: string; product?: string; service?: string } = {};
  for (const key of ['category', 'product', 'service'] as const) {
    const text = params.text(key);
    if (text !== undefined) logsource[key] = text.toLowerCase();
  }
  if (Object.keys(logsource).length === 0)
    params.fail('type', 'a log source needs category, product or service');
  return logsource;
}

/** `processing_state`, of rules as well as of items and fields. */
export function stateTest(params: Params): RuleTest {
  const key = params.needText('key');
  const value = params.scalar('val');
  const operator = params.choice('op', OPERATORS, 'eq');
  return ({ state }) => state.has(key) && compared(state.get(key) ?? null, operator, value);
}

const allItems = ({ detections }: Subject): readonly DetectionItem[] =>
  [...detections.values()].flatMap(itemsOf);

/** Texts as the event's field is compared with them, all else as it is. */
const valuesOf = (item: DetectionItem): readonly ScalarValue[] =>
  withoutAnchors(item).values.map((each) =>
    typeof each.value === 'string' ? (shownText(each) ?? null) : each.value,
  );

/** Numbers are equal by what they are worth; YAML knows two kinds of them. */
export function same(a: ScalarValue, b: ScalarValue): boolean {
  const isNumber = (value: ScalarValue): boolean => typeof value === 'number' || typeof value === 'bigint';
  // biome-ignore lint/suspicious/noDoubleEquals: 1 and 1n
  return isNumber(a) && isNumber(b) ? a == b : a === b;
}

type Attribute = ScalarValue | readonly unknown[] | undefined;

function attributeOf(meta: Metadata, name: string): Attribute {
  const known = name === 'falsepositives' ? 'falsePositives' : name;
  const own = (meta as unknown as Readonly<Record<string, unknown>>)[known] ?? meta.custom[name];
  return own as Attribute;
}

function attributeHolds(own: Attribute, operator: Operator, value: ScalarValue): boolean {
  if (own === undefined) return false;
  if (!Array.isArray(own)) return compared(own as ScalarValue, operator, value);
  const isIn = own.includes(value);
  return operator === 'in' ? isIn : operator === 'not_in' ? !isIn : operator === 'ne';
}

const ORDERS = {
  gte: (order: number): boolean => order >= 0,
  gt: (order: number): boolean => order > 0,
  lte: (order: number): boolean => order <= 0,
  lt: (order: number): boolean => order < 0,
};

/** Levels and statuses by their rank, dates and other texts by their spelling (ISO dates order that way), numbers by worth. */
function compared(own: ScalarValue, operator: Operator, value: ScalarValue): boolean {
  switch (operator) {
    case 'eq':
    case 'in':
      return same(own, value);
    case 'ne':
    case 'not_in':
      return !same(own, value);
    default: {
      const order = compare(own, value);
      return order !== undefined && ORDERS[operator](order);
    }
  }
}

function compare(a: ScalarValue, b: ScalarValue): number | undefined {
  for (const ranks of [LEVELS, STATUSES] as readonly (readonly string[])[]) {
    const [left, right] = [ranks.indexOf(String(a)), ranks.indexOf(String(b))];
    if (left >= 0 && right >= 0) return left - right;
  }
  const [left, right] = [Number(a), Number(b)];
  if (a !== null && b !== null && !Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  return a < b ? -1 : Number(a > b);
}
