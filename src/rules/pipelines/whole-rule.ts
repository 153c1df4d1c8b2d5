import { type Detection, type DetectionItem, mapItems, parseDetection } from '../syntax/detection.ts';
import type { Logsource } from '../syntax/logsource.ts';
import { plainOf, type ScalarValue } from '../syntax/node.ts';
import { Problems } from '../syntax/problem.ts';
import { hashesFields } from './hashes.ts';
import { type Params, PipelineError } from './params.ts';
import { readLogsource } from './rule-conditions.ts';
import { changeItems, placedAt, type Subject, type Transformation } from './subject.ts';

/** Transformations of rules as a whole and of what they consist of, by their type. */
export const RULE_TRANSFORMATIONS: Readonly<Record<string, (params: Params) => Transformation>> = {
  drop_detection_item: () => (subject, scope) => changeItems(subject, scope, () => null),
  add_condition: addCondition,
  hashes_fields: hashesFields,
  change_logsource(params) {
    const logsource = readLogsource(params);
    return (subject) => {
      if (subject.correlation === undefined) subject.logsources = [logsource];
    };
  },
  set_state(params) {
    const [key, value] = [params.needText('key'), params.scalar('val')];
    return ({ state }) => void state.set(key, value);
  },
  add_field(params) {
    const added = params.needTexts('field');
    return withFields((fields) => [...fields, ...added]);
  },
  remove_field(params) {
    const removed = params.needTexts('field');
    return withFields((fields) => fields.filter((name) => !removed.includes(name)));
  },
  set_field(params) {
    const fields = params.needTexts('fields');
    return withFields(() => fields);
  },
  set_custom_attribute(params) {
    const attribute = params.needText('attribute');
    const value = plainOf(params.need('value'));
    return (subject) => {
      const { custom, ...meta } = subject.meta;
      subject.meta = { ...meta, custom: { ...custom, [attribute]: value } };
    };
  },
  rule_failure(params) {
    const message = params.needText('message');
    return ({ problems, offset }) => problems.error('pipeline', offset, message);
  },
  detection_item_failure(params) {
    const message = params.needText('message');
    return failingFor(() => message);
  },
  strict_field_mapping_failure: () =>
    failingFor(({ field }, { mapped }) =>
      field === undefined || mapped.has(field) ? undefined : `no pipeline maps the field "${field}"`,
    ),
};

function withFields(change: (fields: readonly string[]) => readonly string[]): Transformation {
  return (subject) => {
    subject.meta = { ...subject.meta, fields: change(subject.meta.fields) };
  };
}

function failingFor(why: (item: DetectionItem, subject: Subject) => string | undefined): Transformation {
  return (subject, scope) =>
    changeItems(subject, scope, (item) => {
      const message = why(item, subject);
      if (message !== undefined) subject.problems.error('pipeline', item.offset, message);
      return undefined;
    });
}

let added = 0;

function addCondition(params: Params): Transformation {
  const node = params.need('conditions');
  const problems = new Problems();
  const detection = parseDetection(node, problems);
  if (detection === undefined)
    throw new PipelineError(node.offset, problems.reason ?? '"conditions" says nothing');
  const name = params.text('name') ?? `_cond_${added++}`;
  if (!/^[A-Za-z0-9_-]+$/.test(name)) params.fail('name', '"name" must consist of letters, digits, _ and -');
  const [isTemplate, isNegated] = [params.flag('template'), params.flag('negated')];
  return (subject) => {
    if (subject.correlation !== undefined) return;
    const [logsource = {}] = subject.logsources;
    const placed = placedAt(detection, subject.offset);
    const own = isTemplate ? filledIn(placed, logsource) : placed;
    subject.detections = new Map([...subject.detections, [name, own]]);
    subject.conditions = subject.conditions.map(({ text, offset }) => ({
      text: `${isNegated ? 'not ' : ''}${name} and (${text})`,
      offset,
    }));
  };
}

/** `$category`, `$product` and `$service` become those of the rule. */
function filledIn(detection: Detection, logsource: Logsource): Detection {
  const fill = (value: ScalarValue): ScalarValue =>
    typeof value === 'string'
      ? value.replace(
          /\$(?:\{(category|product|service)\}|(category|product|service)\b)/g,
          (slot, braced?: string, bare?: string) => logsource[(braced ?? bare) as keyof Logsource] ?? slot,
        )
      : value;
  return mapItems(detection, (item) => ({
    ...item,
    values: item.values.map(({ value, offset }) => ({ value: fill(value), offset })),
  }));
}
