import { formatIp, parseIp } from '../../net/ip.ts';
import type { EventClass, FieldSpec } from '../classes/event-class.ts';
import type { Atom, Expression, Test } from '../syntax/expression.ts';
import { literalOf } from '../syntax/pattern.ts';

/** Place of a field that no event of the class has. */
export const NO_SLOT = -1;
/** Place of a keyword: all fields. */
export const ANY_SLOT = -2;

export interface BoundTest extends Test {
  /** Place of the field in the class, NO_SLOT or ANY_SLOT. */
  readonly slot: number;
  /** For references: place of the other field, by its name. */
  readonly others: ReadonlyMap<string, number>;
}
export type Bound = Expression<BoundTest>;

/** Resolves field names of a class to their places. */
export type SlotLookup = (field: string) => number;

export function slotLookup<E>({ fields }: EventClass<E>): SlotLookup {
  const slots = new Map(fields.flatMap(({ names }, slot) => names.map((name) => [name, slot] as const)));
  return (field) => slots.get(field) ?? NO_SLOT;
}

/** The expression with places for names, and addresses in canonical form where the field holds an address. */
export function bind<E>(expression: Expression, eventClass: EventClass<E>, slotOf: SlotLookup): Bound {
  switch (expression.kind) {
    case 'test':
      return bindTest(expression, eventClass, slotOf);
    case 'not':
      return { kind: 'not', of: bind(expression.of, eventClass, slotOf) };
    case 'named':
      return { kind: 'named', name: expression.name, of: bind(expression.of, eventClass, slotOf) };
    default:
      return { kind: expression.kind, of: expression.of.map((part) => bind(part, eventClass, slotOf)) };
  }
}

function bindTest<E>(test: Test, { fields }: EventClass<E>, slotOf: SlotLookup): BoundTest {
  const slot = test.field === undefined ? ANY_SLOT : slotOf(test.field);
  const spec: FieldSpec<E> | undefined = fields[slot];
  const atoms = spec?.address === undefined ? test.atoms : test.atoms.map(canonical);
  const names = atoms.flatMap((atom) => (atom.kind === 'reference' ? [atom.field] : []));
  return { ...test, atoms, slot, others: new Map(names.map((name) => [name, slotOf(name)])) };
}

function canonical(atom: Atom): Atom {
  const text = atom.kind === 'text' ? literalOf(atom.pattern) : undefined;
  const ip = text === undefined ? undefined : parseIp(text);
  return atom.kind !== 'text' || ip === undefined ? atom : { ...atom, pattern: [formatIp(ip)] };
}

/** Whether an expression can be true at all, and false at all, when fields without a place are always absent. */
export function outlook(bound: Bound): { readonly canHold: boolean; readonly canFail: boolean } {
  switch (bound.kind) {
    case 'test': {
      if (bound.slot !== NO_SLOT) return { canHold: true, canFail: true };
      const holds = bound.atoms.some(
        (atom) => atom.kind === 'null' || (atom.kind === 'exists' && !atom.value),
      );
      return { canHold: holds, canFail: !holds };
    }
    case 'named':
      return outlook(bound.of);
    case 'not': {
      const { canHold, canFail } = outlook(bound.of);
      return { canHold: canFail, canFail: canHold };
    }
    default: {
      const parts = bound.of.map(outlook);
      const isAnd = bound.kind === 'and';
      return {
        canHold: isAnd ? parts.every((part) => part.canHold) : parts.some((part) => part.canHold),
        canFail: isAnd ? parts.some((part) => part.canFail) : parts.every((part) => part.canFail),
      };
    }
  }
}
