import type { IpAddress } from '../../model/ip-address.ts';
import { compareIps, parseIp } from '../../net/ip.ts';
import type { AddressRange } from '../../net/prefix.ts';
import type { Atom, CompareOperator } from '../syntax/expression.ts';
import { fold } from './fold.ts';
import { textTest } from './pattern-matcher.ts';
import { timePart } from './time-part.ts';
import {
  booleanOfValue,
  type FieldValue,
  numberOfValue,
  type Scalar,
  scalarsOf,
  textOfValue,
} from './value.ts';

/** Values of an event by field name. */
export type FieldReader = (field: string) => FieldValue;

/** Tests one atom against one scalar, in the plain way. References and absence need the event and are false here. */
export function scalarTest(atom: Atom): (value: Scalar) => boolean {
  switch (atom.kind) {
    case 'text': {
      const test = textTest(atom.pattern, atom.cased);
      return (value) => value !== null && test(textOfValue(value));
    }
    case 'number':
      return (value) => numberOfValue(value) === atom.value;
    case 'boolean':
      return (value) => booleanOfValue(value) === atom.value;
    case 'null':
      return (value) => value === null;
    case 'exists':
      return () => atom.value;
    case 'regex':
      return (value) => value !== null && atom.regex.test(textOfValue(value));
    case 'cidr':
      return (value) => typeof value === 'string' && isWithin(addressOf(value), atom.range);
    case 'compare':
      return (value) => compare(numberOfValue(value), atom.operator, atom.value);
    case 'time':
      return (value) => compare(timePart(value, atom.part), atom.operator, atom.value);
    case 'reference':
      return () => false;
    default:
      return atom satisfies never;
  }
}

/** Whether a value is absent in the sense of `null` and `exists`. */
export function absenceTest(atom: Atom): boolean {
  return atom.kind === 'null' || (atom.kind === 'exists' && !atom.value);
}

/** Whether the operator holds; never for what is no number. */
export function compare(
  left: number | bigint | undefined,
  operator: CompareOperator,
  right: number | bigint,
): boolean {
  if (left === undefined) return false;
  switch (operator) {
    case 'gt':
      return left > right;
    case 'gte':
      return left >= right;
    case 'lt':
      return left < right;
    case 'lte':
      return left <= right;
    case 'eq':
      return left === right;
    default:
      return operator satisfies never;
  }
}

/** The address in a text; a zone behind it does not count. */
export function addressOf(text: string): IpAddress | undefined {
  if (text.length > 80) return undefined;
  const zone = text.indexOf('%');
  return parseIp(zone < 0 ? text : text.slice(0, zone));
}

export function isWithin(ip: IpAddress | undefined, { first, last }: AddressRange): boolean {
  if (ip === undefined || ip.family !== first.family) return false;
  return compareIps(ip, first) >= 0 && compareIps(ip, last) <= 0;
}

/** Compares two fields in their text form; false when either is missing. */
export function referenceHolds(
  atom: Extract<Atom, { kind: 'reference' }>,
  own: FieldValue,
  other: FieldValue,
): boolean {
  const prepare = (value: FieldValue): readonly string[] =>
    scalarsOf(value).flatMap((scalar) => {
      if (scalar === null) return [];
      return [atom.cased ? textOfValue(scalar) : fold(textOfValue(scalar))];
    });
  const right = prepare(other);
  return prepare(own).some((left) => right.some((text) => holds(left, atom.mode, text)));
}

function holds(left: string, mode: string, right: string): boolean {
  if (mode === 'contains') return left.includes(right);
  if (mode === 'startswith') return left.startsWith(right);
  return mode === 'endswith' ? left.endsWith(right) : left === right;
}
