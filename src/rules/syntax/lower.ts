import type { Condition } from './condition.ts';
import type { Detection, DetectionItem } from './detection.ts';
import { type Atom, both, type Expression, type Test } from './expression.ts';
import { checkChain } from './modifiers.ts';
import type { Placeholders } from './placeholders.ts';
import type { Problems } from './problem.ts';
import { atomsOf } from './values.ts';

export interface LowerContext {
  readonly problems: Problems;
  readonly placeholders: Placeholders;
}

/** A rule's condition with the tests of its detections in the place of their names. */
export function lowerCondition(
  condition: Condition,
  detections: ReadonlyMap<string, Expression>,
): Expression {
  switch (condition.kind) {
    case 'name': {
      const of = detections.get(condition.name);
      if (of === undefined) throw new Error(`condition names unknown detection ${condition.name}`);
      return { kind: 'named', name: condition.name, of };
    }
    case 'not':
      return { kind: 'not', of: lowerCondition(condition.of, detections) };
    default:
      return both(
        condition.kind,
        condition.of.map((part) => lowerCondition(part, detections)),
      );
  }
}

/** The tests of one detection; undefined, with the problem reported, when one of its items is impossible. */
export function lowerDetection(detection: Detection, context: LowerContext): Expression | undefined {
  if (detection.kind === 'item') return lowerItem(detection, context);
  const of = detection.of.map((part) => lowerDetection(part, context));
  const sound = of.filter((part) => part !== undefined);
  if (sound.length < of.length || sound.length === 0) return undefined;
  return both(detection.kind === 'all' ? 'and' : 'or', sound);
}

function lowerItem(item: DetectionItem, context: LowerContext): Expression | undefined {
  const { problems } = context;
  const chain = checkChain(item, problems);
  if (chain === undefined) return undefined;
  if (item.values.length > 1 && item.values.some(({ value }) => value === null))
    problems.warn('lint-null-in-list', item.offset, 'null in a list of values; other Sigma tools refuse it');
  const groups = item.values.map((value) => atomsOf(value, item, chain, context));
  if (groups.some((atoms) => atoms.length === 0)) return undefined;
  const test = (atoms: readonly Atom[]): Test => ({
    kind: 'test',
    field: item.field,
    atoms,
    offset: item.offset,
  });
  const expression = chain.all ? both('and', groups.map(test)) : test(groups.flat());
  return chain.negated ? { kind: 'not', of: expression } : expression;
}
