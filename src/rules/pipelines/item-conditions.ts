import type { DetectionItem, ItemValue } from '../syntax/detection.ts';
import { parsePattern } from '../syntax/pattern.ts';
import { pipelineRegex } from './expressions.ts';
import { hasText, shownText, withoutAnchors } from './item-text.ts';
import type { Params } from './params.ts';
import { same, stateTest } from './rule-conditions.ts';
import type { Subject } from './subject.ts';

export type ItemTest = (item: DetectionItem, subject: Subject) => boolean;

/** Conditions on items of detections, by their type. */
export const ITEM_CONDITIONS: Readonly<Record<string, (params: Params) => ItemTest>> = {
  match_string(params) {
    const pattern = params.needText('pattern');
    const regex = pipelineRegex(pattern, params.need('pattern').offset);
    const isNegated = params.flag('negate');
    return onValues(params, (value, item) => {
      const text = typeof value.value === 'string' && hasText(item) ? shownText(value) : undefined;
      return (text !== undefined && regex.matchesFrom(text)) !== isNegated;
    });
  },
  match_value(params) {
    const wanted = params.scalar('value');
    return onValues(params, (value) =>
      typeof value.value === 'string' ? shownText(value) === wanted : same(value.value, wanted),
    );
  },
  contains_wildcard: (params) =>
    onValues(
      params,
      ({ value }, item) =>
        typeof value === 'string' &&
        hasText(item) &&
        parsePattern(value).some((part) => typeof part !== 'string'),
    ),
  is_null: (params) => onValues(params, ({ value }) => value === null),
  processing_item_applied(params) {
    const id = params.needText('processing_item_id');
    return ({ applied }) => applied?.includes(id) === true;
  },
  processing_state(params) {
    const test = stateTest(params);
    return (_, subject) => test(subject);
  },
};

/** `cond` says whether any or all values must fulfil it. */
function onValues(params: Params, test: (value: ItemValue, item: DetectionItem) => boolean): ItemTest {
  const isAll = params.choice('cond', ['any', 'all']) === 'all';
  return (item) => {
    const { values } = withoutAnchors(item);
    return isAll ? values.every((value) => test(value, item)) : values.some((value) => test(value, item));
  };
}
