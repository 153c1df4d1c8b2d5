import { snake } from '../../net/nearest.ts';
import type { DetectionItem, ItemValue } from '../syntax/detection.ts';
import type { ScalarValue } from '../syntax/node.ts';
import { pipelineRegex } from './expressions.ts';
import { fromShown, hasText, mapParts, shownText, withoutAnchors } from './item-text.ts';
import type { Params } from './params.ts';
import { changeItems, type Transformation } from './subject.ts';

/** What a value becomes; undefined leaves it. */
type Change = (value: ScalarValue) => readonly ScalarValue[] | undefined;

/** Transformations of values, by their type. */
export const VALUE_TRANSFORMATIONS: Readonly<Record<string, (params: Params) => Transformation>> = {
  replace_string: replaceString,
  map_string(params) {
    const mapping = params.textMap('mapping');
    return changingText((value) => mapping.get(shown(value)));
  },
  set_value(params) {
    const value = readValue(params);
    // Null asks for the absence of the field, whatever the values were.
    return (subject, scope) =>
      changeItems(subject, scope, (item) => ({
        ...item,
        modifiers: item.modifiers.filter((name) => name === 'neq'),
        values: [{ value, offset: item.offset }],
      }));
  },
  convert_type(params) {
    const convert = params.choice('target_type', ['str', 'num']) === 'str' ? toText : toNumber;
    return changingAny(convert);
  },
  case(params) {
    const change = CASES[params.choice('method', Object.keys(CASES))];
    return changingText((value) => [mapParts(String(value), (text) => outsideSlots(text, change), true)]);
  },
};

function replaceString(params: Params): Transformation {
  const regex = pipelineRegex(params.needText('regex'), params.need('regex').offset);
  const replace = regex.replacer(params.needText('replacement'));
  const [skipsSpecial, interprets] = [params.flag('skip_special'), params.flag('interpret_special')];
  return changingText((value) => {
    if (skipsSpecial) return [mapParts(String(value), replace, !interprets)];
    const text = shown(value);
    const next = replace(text);
    return next === text ? undefined : [fromShown(next)];
  });
}

const shown = (value: ScalarValue): string => shownText({ value, offset: 0 }) ?? '';

const CASES: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  snake_case: snake,
};

/** Names of placeholders are no part of the value. */
function outsideSlots(text: string, change: ((part: string) => string) | undefined): string {
  return text
    .split(/(%[^%\s]+%)/)
    .map((part, i) => (i % 2 === 1 ? part : (change?.(part) ?? part)))
    .join('');
}

function readValue(params: Params): ScalarValue {
  const value = params.scalar('value');
  if (!params.has('force_type')) return value;
  const type = params.choice('force_type', ['str', 'num']);
  if (value === null || typeof value === 'boolean')
    return params.fail('value', '"force_type" takes text and numbers');
  if (type === 'str') return String(value);
  const [number] = toNumber(value) ?? [value];
  return typeof number === 'string'
    ? params.fail('value', `${JSON.stringify(number)} is no number`)
    : (number ?? null);
}

const toText: Change = (value) => (typeof value === 'string' || value === null ? undefined : [String(value)]);

const toNumber: Change = (value) =>
  typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? [Number(value)] : undefined;

/** On text and numbers, with `contains` and the like written out as wildcards. */
function changingText(change: Change): Transformation {
  return (subject, scope) =>
    changeItems(subject, scope, (item) =>
      hasText(item)
        ? changed(withoutAnchors(item), ({ value }) =>
            value === null || typeof value === 'boolean' ? undefined : change(value),
          )
        : undefined,
    );
}

function changingAny(change: Change): Transformation {
  return (subject, scope) =>
    changeItems(subject, scope, (item) => changed(item, ({ value }) => change(value)));
}

/** undefined when no value changed: then the item stays as it was written. A value that becomes none goes; with its last one the item. */
export function changed(
  item: DetectionItem,
  change: (value: ItemValue) => readonly ScalarValue[] | undefined,
): DetectionItem | null | undefined {
  let isChanged = false;
  const values = item.values.flatMap((each) => {
    const next = change(each);
    if (next === undefined) return [each];
    isChanged = true;
    return next.map((value) => ({ value, offset: each.offset }));
  });
  if (!isChanged) return undefined;
  return values.length === 0 ? null : { ...item, values };
}
