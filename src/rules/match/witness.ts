import type { Atom } from '../syntax/expression.ts';
import type { Bound, BoundTest } from './bind.ts';
import { ANY_SLOT, NO_SLOT } from './bind.ts';
import { needlesOf } from './text-needles.ts';

/** Tests of which at least one holds whenever the rule does, and a guess of how often one of them does. */
export interface Witness {
  readonly tests: readonly BoundTest[];
  /** Share of events, 0 to 1: smaller is better. */
  readonly rate: number;
}

export interface WitnessOptions {
  /** How often values of a field repeat. */
  readonly isFew: (slot: number) => boolean;
}

/**
 * The best witness of an expression: of an AND the rarest part's, of an OR those of all parts. undefined when the
 * rule can hold without any test being true, e.g. a plain `not`; then it must be evaluated for every event.
 */
export function findWitness(bound: Bound, options: WitnessOptions): Witness | undefined {
  return find(bound, false, options);
}

function find(bound: Bound, negated: boolean, options: WitnessOptions): Witness | undefined {
  switch (bound.kind) {
    case 'test':
      return negated ? undefined : ofTest(bound, options);
    case 'named':
      return find(bound.of, negated, options);
    case 'not':
      return find(bound.of, !negated, options);
    default: {
      const found = bound.of.map((part) => find(part, negated, options));
      // Under a negation, AND and OR change places.
      return (bound.kind === 'and') !== negated ? rarest(found) : united(found);
    }
  }
}

function rarest(found: readonly (Witness | undefined)[]): Witness | undefined {
  return found.reduce(
    (best, each) => (best === undefined || (each && each.rate < best.rate) ? each : best),
    undefined,
  );
}

function united(found: readonly (Witness | undefined)[]): Witness | undefined {
  const sound = found.filter((each) => each !== undefined);
  if (sound.length < found.length) return undefined;
  return {
    tests: sound.flatMap(({ tests }) => tests),
    rate: sound.reduce((sum, { rate }) => sum + rate, 0),
  };
}

/** A test is a witness only if the index of its field finds all of its atoms. */
function ofTest(test: BoundTest, { isFew }: WitnessOptions): Witness | undefined {
  if (test.slot === NO_SLOT) return undefined;
  let rate = 0;
  for (const atom of test.atoms) {
    const share = rateOf(atom);
    if (share === undefined) return undefined;
    rate += share;
  }
  if (isFew(test.slot)) rate = Math.max(rate, FEW_RATE);
  if (test.slot === ANY_SLOT) rate *= KEYWORD_FACTOR;
  return { tests: [test], rate };
}

/** Guesses; only their order matters. */
const FEW_RATE = 0.3;
const KEYWORD_FACTOR = 4;
const NUMBER_RATE = 0.003;

function rateOf(atom: Atom): number | undefined {
  switch (atom.kind) {
    case 'text':
    case 'regex':
      return textRate(atom);
    case 'number':
      return NUMBER_RATE;
    case 'boolean':
      return 0.5;
    case 'cidr':
      return 0.01;
    case 'compare':
      return 0.3;
    case 'null':
      return 0.8;
    case 'exists':
      return 0.9;
    default:
      return undefined;
  }
}

function textRate(atom: Atom): number | undefined {
  const needles = needlesOf(atom);
  if (needles === undefined) return undefined;
  if (needles === 'always') return 0.9;
  if (needles === 'empty') return 0.05;
  const share = ({ literal, atStart, atEnd }: (typeof needles)[number]): number => {
    if (atStart && atEnd) return 0.0001;
    const length = literal.length + (atStart || atEnd ? 2 : 0);
    return length >= 8 ? 0.0005 : length >= 5 ? 0.004 : length >= 3 ? 0.03 : 0.3;
  };
  return needles.reduce((sum, needle) => sum + share(needle), 0);
}
