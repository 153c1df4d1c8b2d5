import { formatIp } from '../../src/net/ip.ts';
import type { Atom, Expression, Test } from '../../src/rules/syntax/expression.ts';
import { DASH, type Pattern, STAR } from '../../src/rules/syntax/pattern.ts';

export type Fields = Record<string, unknown>;

/** A small deterministic generator: tests must not depend on chance. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Wish {
  readonly field: string;
  readonly atom: Atom;
}

/** Fields that may fulfil an expression: one alternative of every OR, one value of every test, chosen at random. */
export function guessEvent(
  expression: Expression,
  random: (below: number) => number,
  samples: Readonly<Record<string, string>> = {},
): Fields {
  const wishes: Wish[] = [];
  wish(expression, true, { random, wishes });
  const byField = new Map<string, Atom[]>();
  for (const { field, atom } of wishes) byField.set(field, [...(byField.get(field) ?? []), atom]);
  const fields: Fields = {};
  for (const [field, atoms] of byField) {
    const value = valueFor(atoms, samples);
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

function wish(
  expression: Expression,
  wanted: boolean,
  context: { random: (below: number) => number; wishes: Wish[] },
): void {
  const { random, wishes } = context;
  switch (expression.kind) {
    case 'test':
      if (wanted) wishes.push({ field: expression.field ?? 'keyword', atom: pick(expression, random) });
      else if (expression.atoms.some(({ kind }) => kind === 'null'))
        wishes.push({
          field: expression.field ?? 'keyword',
          atom: { kind: 'text', pattern: ['other'], cased: false },
        });
      return;
    case 'not':
      wish(expression.of, !wanted, context);
      return;
    case 'named':
      wish(expression.of, wanted, context);
      return;
    default: {
      if ((expression.kind === 'and') === wanted) {
        for (const part of expression.of) wish(part, wanted, context);
      } else wish(expression.of[random(expression.of.length)]!, wanted, context);
    }
  }
}

const pick = ({ atoms }: Test, random: (below: number) => number): Atom => atoms[random(atoms.length)]!;

function valueFor(atoms: readonly Atom[], samples: Readonly<Record<string, string>>): unknown {
  const [first] = atoms;
  if (first === undefined || first.kind === 'null') return undefined;
  if (first.kind === 'number' || first.kind === 'boolean') return first.value;
  if (first.kind === 'cidr') return formatIp(first.range.first);
  if (first.kind === 'compare') return Number(first.value) + (first.operator.startsWith('g') ? 1 : -1);
  const pieces = atoms.map((atom) => {
    if (atom.kind === 'regex') return { head: false, tail: false, text: samples[atom.regex.source] ?? '' };
    return atom.kind === 'text' ? pieceOf(atom.pattern) : { head: false, tail: false, text: '' };
  });
  const sorted = [
    ...pieces.filter(({ head }) => head),
    ...pieces.filter(({ head, tail }) => !head && !tail),
    ...pieces.filter(({ head, tail }) => !head && tail),
  ];
  return [...new Set(sorted.map(({ text }) => text))].join('');
}

function pieceOf(pattern: Pattern): { head: boolean; tail: boolean; text: string } {
  const text = pattern
    .map((part) => (typeof part === 'string' ? part : part === STAR ? '' : part === DASH ? '-' : 'x'))
    .join('');
  return { head: pattern[0] !== STAR, tail: pattern.at(-1) !== STAR, text };
}
