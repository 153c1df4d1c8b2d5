import { formatRange } from '../net/prefix.ts';
import { absenceTest, referenceHolds, scalarTest } from './match/atom.ts';
import { ANY_SLOT, type Bound, type BoundTest } from './match/bind.ts';
import { type SlotReader, valueAt } from './match/plain.ts';
import { type FieldValue, type Scalar, scalarsOf } from './match/value.ts';
import type { Atom } from './syntax/expression.ts';
import { showPattern } from './syntax/pattern.ts';

/** Why a part of a rule holds for an event, or does not. */
export type Explanation =
  | {
      readonly kind: 'and' | 'or' | 'not' | 'named';
      readonly holds: boolean;
      readonly name?: string;
      readonly of: readonly Explanation[];
    }
  | {
      readonly kind: 'test';
      readonly holds: boolean;
      /** undefined for keywords. */
      readonly field: string | undefined;
      /** The values that the event has. */
      readonly values: readonly Scalar[];
      readonly present: boolean;
      /** The value that made it true. */
      readonly matched: Scalar | undefined;
      /** What was asked, as text; at most five alternatives. */
      readonly expected: readonly string[];
    };

/** Evaluates every part, also where the outcome is clear already. */
export function explain(bound: Bound, event: SlotReader): Explanation {
  switch (bound.kind) {
    case 'test':
      return explainTest(bound, event);
    case 'named': {
      const of = [explain(bound.of, event)];
      return { kind: 'named', name: bound.name, holds: of[0]?.holds === true, of };
    }
    case 'not': {
      const of = [explain(bound.of, event)];
      return { kind: 'not', holds: of[0]?.holds !== true, of };
    }
    default: {
      const of = bound.of.map((part) => explain(part, event));
      const holds = bound.kind === 'and' ? of.every((part) => part.holds) : of.some((part) => part.holds);
      return { kind: bound.kind, holds, of };
    }
  }
}

const MAX_EXPECTED = 5;

function explainTest(test: BoundTest, event: SlotReader): Explanation {
  const isKeyword = test.slot === ANY_SLOT;
  const value: FieldValue = isKeyword ? event.keywords() : valueAt(event, test.slot);
  const expected = test.atoms.slice(0, MAX_EXPECTED).map(showAtom);
  if (test.atoms.length > MAX_EXPECTED) expected.push(`and ${test.atoms.length - MAX_EXPECTED} more`);
  const { holds, matched } = outcome(test, value, event);
  const values = isKeyword ? [] : scalarsOf(value);
  return { kind: 'test', holds, field: test.field, values, present: value !== undefined, matched, expected };
}

function outcome(
  { atoms, others }: BoundTest,
  value: FieldValue,
  event: SlotReader,
): { readonly holds: boolean; readonly matched: Scalar | undefined } {
  if (value === undefined) return { holds: atoms.some(absenceTest), matched: undefined };
  const scalars = scalarsOf(value);
  for (const atom of atoms) {
    if (atom.kind === 'exists') {
      if (atom.value) return { holds: true, matched: scalars[0] };
      continue;
    }
    const test = scalarTest(atom);
    const matched = scalars.find((scalar) => test(scalar));
    if (matched !== undefined) return { holds: true, matched };
    if (atom.kind === 'reference' && referenceHolds(atom, value, valueAt(event, others.get(atom.field))))
      return { holds: true, matched: scalars[0] };
  }
  return { holds: false, matched: undefined };
}

/** An atom in words. */
export function showAtom(atom: Atom): string {
  switch (atom.kind) {
    case 'text':
      return showPattern(atom.pattern).slice(0, 200);
    case 'number':
    case 'boolean':
      return String(atom.value);
    case 'null':
      return 'null';
    case 'exists':
      return atom.value ? 'present' : 'absent';
    case 'regex':
      return `/${atom.regex.source.slice(0, 200)}/${atom.regex.flags}`;
    case 'cidr':
      return formatRange(atom.range);
    case 'compare':
      return `${atom.operator} ${atom.value}`;
    case 'time':
      return `${atom.part} ${atom.operator} ${atom.value}`;
    case 'reference':
      return `${atom.mode} ${atom.field}`;
    default:
      return atom satisfies never;
  }
}

/** A test that helped to fulfil a rule. */
export interface MatchedTest {
  readonly selection: string;
  readonly field: string | undefined;
  readonly value: Scalar | undefined;
}

/** The tests that hold in the detections that hold, `not` left out: what an analyst wants to see of a match. */
export function matchedTests(explanation: Explanation, selection = ''): readonly MatchedTest[] {
  if (!explanation.holds || explanation.kind === 'not') return [];
  if (explanation.kind === 'test')
    return [{ selection, field: explanation.field, value: explanation.matched }];
  const name = explanation.name ?? selection;
  return explanation.of.flatMap((part) => matchedTests(part, name));
}
