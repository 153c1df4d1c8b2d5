import type { AddressRange } from '../../net/prefix.ts';
import type { Pattern } from './pattern.ts';
import type { Regex } from './regex.ts';

export type CompareOperator = 'gt' | 'gte' | 'lt' | 'lte' | 'eq';
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
export type ReferenceMode = 'equals' | 'contains' | 'startswith' | 'endswith';

/** One test of one field value. */
export type Atom =
  | { readonly kind: 'text'; readonly pattern: Pattern; readonly cased: boolean }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly value: boolean }
  | { readonly kind: 'regex'; readonly regex: Regex }
  | { readonly kind: 'cidr'; readonly range: AddressRange }
  | { readonly kind: 'compare'; readonly operator: CompareOperator; readonly value: number | bigint }
  | {
      readonly kind: 'time';
      readonly part: TimePart;
      readonly operator: CompareOperator;
      readonly value: number;
    }
  | {
      readonly kind: 'reference';
      readonly field: string;
      readonly mode: ReferenceMode;
      readonly cased: boolean;
    };

/** A field, or every field (a keyword), for which one of the atoms must hold. */
export interface Test {
  readonly kind: 'test';
  /** undefined: a keyword. */
  readonly field: string | undefined;
  readonly atoms: readonly Atom[];
  readonly offset: number;
}

/** What a rule asks of an event. `named` marks a detection, for explanations. */
export type Expression<T = Test> =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression<T>[] }
  | { readonly kind: 'not'; readonly of: Expression<T> }
  | { readonly kind: 'named'; readonly name: string; readonly of: Expression<T> }
  | T;

/** A list of one is its only member. */
export function both<T>(kind: 'and' | 'or', of: readonly Expression<T>[]): Expression<T> {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind, of };
}

/** Every test of an expression, in order. */
export function testsOf<T extends Test>(expression: Expression<T>): readonly T[] {
  switch (expression.kind) {
    case 'test':
      return [expression];
    case 'not':
    case 'named':
      return testsOf(expression.of);
    default:
      return expression.of.flatMap((part) => testsOf(part));
  }
}
