import { Engine, type NestedCondition, type TopLevelCondition } from 'json-rules-engine';
import type { Bound } from '../../src/rules/match/bind.ts';
import { type PlainTest, plainTest, type SlotReader } from '../../src/rules/match/plain.ts';

/** Tells the numbers of the rules that an event fulfils, ascending. */
export type JsonRules = (event: SlotReader) => Promise<readonly number[]>;

/**
 * The rules in json-rules-engine: its engine walks the conditions and decides, each single test is our plain one as an
 * operator, so that both sides mean the same.
 */
export function createJsonRules(rules: readonly Bound[]): JsonRules {
  const engine = new Engine();
  const tests: PlainTest[] = [];
  engine.addOperator<SlotReader, number>('holds', (event, test) => tests[test]?.(event) === true);
  for (const [number, rule] of rules.entries()) {
    const conditions: TopLevelCondition = { all: [conditionOf(rule, tests)] };
    engine.addRule({ conditions, event: { type: String(number) } });
  }
  return async (event) => {
    const { events } = await engine.run({ event });
    return events.map(({ type }) => Number(type)).sort((a, b) => a - b);
  };
}

function conditionOf(bound: Bound, tests: PlainTest[]): NestedCondition {
  switch (bound.kind) {
    case 'and':
      return { all: bound.of.map((part) => conditionOf(part, tests)) };
    case 'or':
      return { any: bound.of.map((part) => conditionOf(part, tests)) };
    case 'not':
      return { not: conditionOf(bound.of, tests) };
    case 'named':
      return conditionOf(bound.of, tests);
    default:
      tests.push(plainTest(bound));
      return { fact: 'event', operator: 'holds', value: tests.length - 1 };
  }
}
