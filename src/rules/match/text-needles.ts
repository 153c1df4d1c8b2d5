import type { Atom } from '../syntax/expression.ts';
import { expandDashes, literalOf, type Pattern, STAR } from '../syntax/pattern.ts';
import { fold } from './fold.ts';
import { type TextTest, textTest } from './pattern-matcher.ts';
import { requiredLiterals } from './regex-literal.ts';
import type { NumberedAtom } from './slot-index.ts';

/** A literal to look for, and what must hold besides for its predicate to be true. */
export interface TextNeedle {
  /** Distinguishes needles of one index. */
  readonly number: number;
  /** Folded, not empty. */
  readonly literal: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  /** Sees the whole text. */
  readonly check: TextTest | undefined;
  readonly predicate: number;
}

export interface Texts {
  readonly needles: readonly TextNeedle[];
  /** Predicates that the empty text makes true. */
  readonly empty: readonly number[];
  /** Predicates that every text makes true. */
  readonly always: readonly number[];
}

/** Variants that one pattern with dash slots is written out to. */
const MAX_VARIANTS = 25;

/** Everything that an automaton can look for among the atoms of a field. */
export function collectTexts(atoms: readonly NumberedAtom[]): Texts {
  const needles: TextNeedle[] = [];
  const empty: number[] = [];
  const always: number[] = [];
  for (const { atom, predicate } of atoms) {
    const found = needlesOf(atom);
    if (found === 'always') always.push(predicate);
    else if (found === 'empty') empty.push(predicate);
    else for (const needle of found ?? []) needles.push({ ...needle, number: needles.length, predicate });
  }
  return { needles, empty, always };
}

type Needle = Omit<TextNeedle, 'number' | 'predicate'>;

/** undefined: the atom must be tested by itself, whenever somebody asks. */
export function needlesOf(atom: Atom): readonly Needle[] | 'always' | 'empty' | undefined {
  if (atom.kind === 'regex') {
    const check = atom.regex.test.bind(atom.regex);
    const literals = requiredLiterals(atom.regex);
    return literals?.map((literal) => ({ literal: fold(literal), atStart: false, atEnd: false, check }));
  }
  if (atom.kind !== 'text') return undefined;
  if (atom.pattern.length === 1 && atom.pattern[0] === STAR) return 'always';
  if (literalOf(atom.pattern) === '') return 'empty';
  const variants = expandDashes(atom.pattern, MAX_VARIANTS) ?? [atom.pattern];
  const needles = variants.map((pattern) => needleOf(pattern, atom.cased));
  return needles.every((needle) => needle !== undefined) ? needles : undefined;
}

function needleOf(pattern: Pattern, cased: boolean): Needle | undefined {
  let at = -1;
  for (const [index, part] of pattern.entries()) {
    if (typeof part === 'string' && part.length > lengthAt(pattern, at)) at = index;
  }
  const literal = pattern[at];
  if (typeof literal !== 'string') return undefined;
  const isSimple = pattern.every((part, index) => index === at || part === STAR);
  const check = isSimple && !cased ? undefined : textTest(pattern, cased);
  return { literal: fold(literal), atStart: at === 0, atEnd: at === pattern.length - 1, check };
}

function lengthAt(pattern: Pattern, index: number): number {
  const part = pattern[index];
  return typeof part === 'string' ? part.length : 0;
}
