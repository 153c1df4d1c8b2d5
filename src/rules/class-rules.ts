import type { EventClass } from './classes/event-class.ts';
import { explain, type MatchedTest, matchedTests } from './explain.ts';
import { type Bound, slotLookup } from './match/bind.ts';
import { valueAt } from './match/plain.ts';
import { ruleIndexSteps } from './match/rule-index.ts';
import { type FieldValue, scalarsOf } from './match/value.ts';

/** A rule of a class, by the number of its document. */
export interface NumberedRule {
  readonly document: number;
  readonly bound: Bound;
}

/** The rules of one event class over its events. */
export interface ClassRules<E> {
  /** Numbers of the documents that the event fulfils. Valid until the next call. */
  match(event: E): readonly number[];
  /** Why, for one of them. */
  matchedTests(event: E, document: number): readonly MatchedTest[];
  /** A field of the event, under any of its names. */
  fieldOf(event: E, name: string): FieldValue;
  readonly size: number;
}

const NONE: readonly number[] = [];

/** Compiles the rules of a class, in steps. */
export function* createClassRules<E>(
  eventClass: EventClass<E>,
  rules: readonly NumberedRule[],
): Generator<void, ClassRules<E>> {
  const index = yield* ruleIndexSteps(
    eventClass,
    rules.map(({ bound }) => bound),
  );
  const slotOf = slotLookup(eventClass);
  const bounds = new Map(rules.map(({ document, bound }) => [document, bound]));
  return {
    size: rules.length,
    match(event) {
      const found = index.match(event);
      return found.length === 0 ? NONE : found.map((number) => rules[number]?.document ?? -1);
    },
    matchedTests(event, document) {
      const bound = bounds.get(document);
      return bound === undefined ? [] : matchedTests(explain(bound, index.reader(event)));
    },
    fieldOf: (event, name) => valueAt(index.reader(event), slotOf(name)),
  };
}

/** The values of a field as one text. */
export function showField(value: FieldValue): string | undefined {
  const texts = scalarsOf(value).flatMap((scalar) => (scalar === null ? [] : [String(scalar)]));
  return texts.length === 0 ? undefined : texts.join(', ');
}
