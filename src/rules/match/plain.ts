import type { Atom } from '../syntax/expression.ts';
import { absenceTest, referenceHolds, scalarTest } from './atom.ts';
import { ANY_SLOT, type Bound, type BoundTest, NO_SLOT } from './bind.ts';
import { type FieldValue, type Scalar, scalarsOf } from './value.ts';

/** An event as the plain evaluation reads it. */
export interface SlotReader {
  read(slot: number): FieldValue;
  /** Every scalar in which keywords are looked for. */
  keywords(): readonly Scalar[];
}

export type PlainTest = (event: SlotReader) => boolean;

/** Compiles an expression to a direct evaluation, without any index: the measure that the index must agree with. */
export function plainTest(bound: Bound): PlainTest {
  switch (bound.kind) {
    case 'test':
      return plainTestOf(bound);
    case 'named':
      return plainTest(bound.of);
    case 'not': {
      const inner = plainTest(bound.of);
      return (event) => !inner(event);
    }
    default: {
      const parts = bound.of.map(plainTest);
      return bound.kind === 'and'
        ? (event) => parts.every((part) => part(event))
        : (event) => parts.some((part) => part(event));
    }
  }
}

function plainTestOf(test: BoundTest): PlainTest {
  // `exists` is a matter of the field, not of its values.
  const tests = test.atoms.filter(({ kind }) => kind !== 'exists').map(scalarTest);
  const absent = test.atoms.some(absenceTest);
  const present = test.atoms.some((atom) => atom.kind === 'exists' && atom.value);
  const references = test.atoms.filter((atom): atom is Reference => atom.kind === 'reference');
  const holds = (scalar: Scalar): boolean => tests.some((each) => each(scalar));
  if (test.slot === ANY_SLOT) return (event) => event.keywords().some(holds);
  return (event) => {
    const value = valueAt(event, test.slot);
    if (value === undefined) return absent;
    if (present || scalarsOf(value).some(holds)) return true;
    return references.some((atom) =>
      referenceHolds(atom, value, valueAt(event, test.others.get(atom.field))),
    );
  };
}

type Reference = Extract<Atom, { kind: 'reference' }>;

/** The value at a place, undefined where there is none. */
export function valueAt(event: SlotReader, slot: number | undefined): FieldValue {
  return slot === undefined || slot === NO_SLOT ? undefined : event.read(slot);
}
