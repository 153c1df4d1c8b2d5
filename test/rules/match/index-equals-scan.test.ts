import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/net/ip.ts';
import { parsePrefix } from '../../../src/net/prefix.ts';
import type { EventClass } from '../../../src/rules/classes/event-class.ts';
import { bind, slotLookup } from '../../../src/rules/match/bind.ts';
import { buildRuleIndex } from '../../../src/rules/match/rule-index.ts';
import type { FieldValue, Scalar } from '../../../src/rules/match/value.ts';
import type { Atom, Expression } from '../../../src/rules/syntax/expression.ts';
import { DASH, ONE, type Part, patternOf, STAR } from '../../../src/rules/syntax/pattern.ts';
import { compileRegex, type Regex } from '../../../src/rules/syntax/regex.ts';

type Fields = Readonly<Record<string, FieldValue>>;

/** Ordinary fields, one of few values, one never remembered, one address, and one that only keywords see. */
const CLASS: EventClass<Fields> = {
  name: 'test',
  profiles: [],
  fields: [
    { names: ['a', 'A'], read: (event) => event.a },
    { names: ['b'], read: (event) => event.b, spread: 'few' },
    { names: ['c'], read: (event) => event.c, spread: 'unique' },
    { names: ['ip'], read: () => undefined, address: (event) => parseIp(String(event.ip ?? '')) },
    { names: ['quiet'], read: (event) => event.quiet, keywords: false },
  ],
};

const LETTERS = ['a', 'B', 'b', '-', '/', '\u{1F600}', 'İ', 'Σ', '1'];
const texts = fc.array(fc.constantFrom(...LETTERS), { maxLength: 5 }).map((parts) => parts.join(''));
const parts: fc.Arbitrary<Part> = fc.oneof(
  { weight: 4, arbitrary: texts },
  { weight: 2, arbitrary: fc.constant<Part>(STAR) },
  fc.constant<Part>(ONE),
  fc.constant<Part>(DASH),
);
const NETWORKS = ['192.0.2.0/24', '192.0.0.0/16', '192.0.2.7/32', '0.0.0.0/0', '2001:db8::/32', '::/0'];
const ADDRESSES = ['192.0.2.7', '192.0.2.8', '192.0.3.1', '2001:db8::1', '::1'];
const EXPRESSIONS = [
  'a',
  '^a',
  'b$',
  '(?i)ab',
  'a.b',
  '[ab]+1',
  'ab|B-',
  '\\d',
  '(a|b)-',
  'ab?1',
  '',
  'a\\/b',
  '[\\]a]b1',
];

const numbers = fc.constantFrom(0, 1, -1, 1.5, 11, 9_007_199_254_740_993n);
const atoms: fc.Arbitrary<Atom> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.array(parts, { maxLength: 4 }), fc.boolean())
      .map(([pattern, cased]): Atom => ({ kind: 'text', pattern: patternOf(pattern), cased })),
  },
  numbers.map((value): Atom => ({ kind: 'number', value })),
  fc.boolean().map((value): Atom => ({ kind: 'boolean', value })),
  fc.constant<Atom>({ kind: 'null' }),
  fc.boolean().map((value): Atom => ({ kind: 'exists', value })),
  fc
    .constantFrom(...EXPRESSIONS)
    .map((source): Atom => ({ kind: 'regex', regex: compileRegex(source, '') as Regex })),
  fc.constantFrom(...NETWORKS).map((text): Atom => {
    const parsed = parsePrefix(text);
    if (!parsed.ok) throw new Error(text);
    return { kind: 'cidr', range: parsed.range };
  }),
  fc
    .tuple(fc.constantFrom('gt', 'gte', 'lt', 'lte', 'eq'), numbers)
    .map(([operator, value]): Atom => ({ kind: 'compare', operator: operator as 'gt', value })),
  fc
    .tuple(
      fc.constantFrom('a', 'b', 'ip', 'none'),
      fc.constantFrom('equals', 'contains', 'startswith', 'endswith'),
      fc.boolean(),
    )
    .map(([field, mode, cased]): Atom => ({ kind: 'reference', field, mode: mode as 'equals', cased })),
);
const KEYWORD_ATOMS: readonly Atom['kind'][] = ['text', 'regex'];
const keywordAtoms = atoms.filter(({ kind }) => KEYWORD_ATOMS.includes(kind));

const tests: fc.Arbitrary<Expression> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', 'A', 'b', 'c', 'ip', 'quiet', 'unknown'),
        fc.array(atoms, { minLength: 1, maxLength: 3 }),
      )
      .map(([field, list]): Expression => ({ kind: 'test', field, atoms: list, offset: 0 })),
  },
  fc
    .array(keywordAtoms, { minLength: 1, maxLength: 2 })
    .map((list): Expression => ({ kind: 'test', field: undefined, atoms: list, offset: 0 })),
);
const expressions = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tests,
    tie('expression').map((of): Expression => ({ kind: 'not', of })),
    fc
      .array(tie('expression'), { minLength: 1, maxLength: 3 })
      .map((of): Expression => ({ kind: 'and', of })),
    fc.array(tie('expression'), { minLength: 1, maxLength: 3 }).map((of): Expression => ({ kind: 'or', of })),
  ),
})).expression;

const scalars: fc.Arbitrary<Scalar> = fc.oneof(
  { weight: 5, arbitrary: texts },
  numbers,
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(...ADDRESSES, 'true', '1', '-1.0', ''),
);
const values: fc.Arbitrary<FieldValue> = fc.oneof(
  { weight: 3, arbitrary: scalars },
  fc.constant(undefined),
  fc.array(scalars, { maxLength: 3 }),
);
const events: fc.Arbitrary<Fields> = fc.record({
  a: values,
  b: values,
  c: values,
  ip: fc.constantFrom(undefined, ...ADDRESSES),
  quiet: values,
});

describe('the index', () => {
  test('says what the plain evaluation says, for every rule and event', () => {
    const slotOf = slotLookup(CLASS);
    fc.assert(
      fc.property(
        fc.array(expressions, { minLength: 1, maxLength: 12 }),
        fc.array(events, { minLength: 1, maxLength: 8 }),
        (rules, list) => {
          const index = buildRuleIndex(
            CLASS,
            rules.map((rule) => bind(rule, CLASS, slotOf)),
          );
          // Twice: the second time values are remembered.
          for (const event of [...list, ...list])
            expect([...index.match(event)]).toEqual(index.matchPlainly(event));
        },
      ),
      { numRuns: 500 },
    );
  });
});
