import { formatRange } from '../../net/prefix.ts';
import { atOnce } from '../../net/steps.ts';
import type { EventClass } from '../classes/event-class.ts';
import type { Atom } from '../syntax/expression.ts';
import { absenceTest, referenceHolds, scalarTest } from './atom.ts';
import { ANY_SLOT, type Bound, type BoundTest, NO_SLOT } from './bind.ts';
import type { PlainTest, SlotReader } from './plain.ts';
import { plainTest } from './plain.ts';
import { buildSlotIndex, type NumberedAtom, type SlotIndex } from './slot-index.ts';
import { createSlot, keywordScalars, type Slot } from './slots.ts';
import { needlesOf } from './text-needles.ts';
import { scalarsOf } from './value.ts';
import { EMPTY_ENTRY, type Entry } from './value-memo.ts';
import { findWitness } from './witness.ts';

/** All rules of one event class, compiled together. */
export interface RuleIndex<E> {
  /** Numbers of the rules that the event fulfils, ascending. Valid until the next call. */
  match(event: E): readonly number[];
  /** The same, rule by rule and without the index: the measure of `match`. */
  matchPlainly(event: E): readonly number[];
  /** How an event reads, for explanations. */
  reader(event: E): SlotReader;
  /** Rules that had to be evaluated for the last event. */
  readonly candidates: number;
  /** Rules without a witness: evaluated for every event. */
  readonly unwitnessed: readonly number[];
}

/** Builds the index in time and memory linear in the rules. */
export function buildRuleIndex<E>(eventClass: EventClass<E>, rules: readonly Bound[]): RuleIndex<E> {
  return atOnce(ruleIndexSteps(eventClass, rules));
}

/** The same in small steps. */
export function* ruleIndexSteps<E>(
  eventClass: EventClass<E>,
  rules: readonly Bound[],
): Generator<void, RuleIndex<E>> {
  const index = new Index(eventClass, rules);
  yield* index.build();
  return index;
}

type Evaluate = () => boolean;
const NO_RULES: readonly number[] = [];
/** Rules in one step. */
const STEP = 64;

class Index<E> implements RuleIndex<E> {
  readonly unwitnessed: number[] = [];
  candidates = 0;
  readonly #class: EventClass<E>;
  readonly #bounds: readonly Bound[];
  readonly #evaluate: Evaluate[] = [];
  readonly #slots: Slot<E>[] = [];
  /** Places of fields that can make a rule a candidate. */
  #triggers: readonly number[] = [];
  readonly #keywordSlots: readonly number[];
  /** Per predicate: rules of which it is a witness. */
  readonly #rulesOf: number[][] = [];
  readonly #predicates = new Map<string, number>();
  readonly #bySlot = new Map<number, NumberedAtom[]>();
  #plain: readonly PlainTest[] | undefined;

  #event: E | undefined;
  #generation = 0;
  readonly #entries: Entry[];
  readonly #read: Int32Array;
  readonly #seen: Int32Array;
  readonly #found: number[] = [];

  constructor(eventClass: EventClass<E>, rules: readonly Bound[]) {
    this.#class = eventClass;
    this.#bounds = rules;
    this.#keywordSlots = eventClass.fields.flatMap(({ keywords }, slot) =>
      keywords === false ? [] : [slot],
    );
    this.#entries = eventClass.fields.map(() => EMPTY_ENTRY);
    this.#read = new Int32Array(eventClass.fields.length);
    this.#seen = new Int32Array(rules.length);
  }

  /** To be run to its end before anything is asked. */
  *build(): Generator<void, void> {
    const { fields } = this.#class;
    const triggering = new Set<number>();
    for (const [number, rule] of this.#bounds.entries()) {
      this.#evaluate.push(this.#compile(rule));
      for (const slot of this.#witness(number, rule)) triggering.add(slot);
      if (number % STEP === STEP - 1) yield;
    }
    this.#triggers = [...triggering].sort((a, b) => a - b);
    for (const [slot, spec] of fields.entries()) {
      const index = this.#slotIndex(slot);
      this.#slots.push(createSlot(spec, index, (predicate) => this.#rulesOf[predicate] ?? NO_RULES));
      if (index !== undefined) yield;
    }
  }

  /** Notes what makes the rule a candidate; the places of fields where that shows. */
  #witness(number: number, rule: Bound): readonly number[] {
    const isFew = (slot: number): boolean => this.#class.fields[slot]?.spread === 'few';
    const witness = findWitness(rule, { isFew });
    if (witness === undefined) this.unwitnessed.push(number);
    return (witness?.tests ?? []).flatMap((test) => {
      const predicate = this.#predicateOf(test);
      const rulesOf = this.#rulesOf[predicate] ?? [];
      this.#rulesOf[predicate] = rulesOf;
      rulesOf.push(number);
      return test.slot === ANY_SLOT ? this.#keywordSlots : [test.slot];
    });
  }

  match(event: E): readonly number[] {
    this.#begin(event);
    const found = this.#found;
    found.length = 0;
    this.candidates = this.unwitnessed.length;
    for (const slot of this.#triggers) {
      const { rules } = this.#entry(slot);
      for (let i = 0; i < rules.length; i++) this.#consider(rules[i] ?? 0);
    }
    for (const rule of this.unwitnessed) this.#consider(rule);
    if (found.length > 1) found.sort((a, b) => a - b);
    return found;
  }

  matchPlainly(event: E): readonly number[] {
    this.#plain ??= this.#bounds.map(plainTest);
    const reader = this.reader(event);
    return this.#plain.flatMap((test, number) => (test(reader) ? [number] : []));
  }

  reader(event: E): SlotReader {
    return {
      read: (slot) => this.#slots[slot]?.read(event),
      keywords: () => keywordScalars(this.#class, this.#slots, event),
    };
  }

  #begin(event: E): void {
    this.#event = event;
    this.#generation = (this.#generation + 1) | 0;
    if (this.#generation !== 0) return;
    this.#generation = 1;
    this.#read.fill(0);
    this.#seen.fill(0);
  }

  #consider(rule: number): void {
    if (this.#seen[rule] === this.#generation) return;
    this.#seen[rule] = this.#generation;
    this.candidates += 1;
    if (this.#evaluate[rule]?.() === true) this.#found.push(rule);
  }

  #entry(slot: number): Entry {
    if (this.#read[slot] === this.#generation) return this.#entries[slot] ?? EMPTY_ENTRY;
    this.#read[slot] = this.#generation;
    const entry = this.#slots[slot]?.entryOf(this.#event as E) ?? EMPTY_ENTRY;
    this.#entries[slot] = entry;
    return entry;
  }

  /** Equal tests of different rules are one predicate. */
  #predicateOf(test: BoundTest): number {
    const key = `${test.slot} ${test.atoms.map(atomKey).join(' ')}`;
    const known = this.#predicates.get(key);
    if (known !== undefined) return known;
    const predicate = this.#predicates.size;
    this.#predicates.set(key, predicate);
    const list = this.#bySlot.get(test.slot) ?? [];
    this.#bySlot.set(test.slot, list);
    for (const atom of test.atoms) list.push({ atom, predicate });
    return predicate;
  }

  #slotIndex(slot: number): SlotIndex | undefined {
    const own = this.#bySlot.get(slot) ?? [];
    const keywords = this.#keywordSlots.includes(slot) ? (this.#bySlot.get(ANY_SLOT) ?? []) : [];
    const atoms = [...own, ...keywords];
    return atoms.length === 0 ? undefined : buildSlotIndex(atoms);
  }

  #compile(bound: Bound): Evaluate {
    switch (bound.kind) {
      case 'test':
        return this.#compileTest(bound);
      case 'named':
        return this.#compile(bound.of);
      case 'not': {
        const inner = this.#compile(bound.of);
        return () => !inner();
      }
      default: {
        const parts = bound.of.map((part) => this.#compile(part));
        return bound.kind === 'and'
          ? () => parts.every((part) => part())
          : () => parts.some((part) => part());
      }
    }
  }

  #compileTest(test: BoundTest): Evaluate {
    const { slot } = test;
    if (slot === NO_SLOT) {
      const holds = test.atoms.some(absenceTest);
      return () => holds;
    }
    const predicate = this.#predicateOf(test);
    const indexed: Evaluate =
      slot === ANY_SLOT
        ? () => this.#keywordSlots.some((each) => includes(this.#entry(each).predicates, predicate))
        : () => includes(this.#entry(slot).predicates, predicate);
    const rest = test.atoms.filter((atom) => !isIndexed(atom));
    if (rest.length === 0) return indexed;
    const direct = this.#compileDirect(test, rest);
    return () => indexed() || direct();
  }

  /** Atoms that no index finds: references, parts of times, patterns without any literal. */
  #compileDirect({ slot, others }: BoundTest, atoms: readonly Atom[]): Evaluate {
    const tests = atoms.map(scalarTest);
    const references = atoms.filter((atom) => atom.kind === 'reference');
    return () => {
      const event = this.#event as E;
      const value =
        slot === ANY_SLOT ? keywordScalars(this.#class, this.#slots, event) : this.#slots[slot]?.read(event);
      if (value === undefined) return false;
      if (scalarsOf(value).some((scalar) => tests.some((test) => test(scalar)))) return true;
      return references.some((atom) =>
        referenceHolds(atom, value, this.#slots[others.get(atom.field) ?? NO_SLOT]?.read(event)),
      );
    };
  }
}

function isIndexed(atom: Atom): boolean {
  if (atom.kind === 'text' || atom.kind === 'regex') return needlesOf(atom) !== undefined;
  return atom.kind !== 'reference' && atom.kind !== 'time';
}

/** Lists are short and sorted. */
function includes(sorted: readonly number[], wanted: number): boolean {
  if (sorted.length < 16) {
    for (let i = 0; i < sorted.length; i++) if (sorted[i] === wanted) return true;
    return false;
  }
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}

/** Equal for equal atoms. */
function atomKey(atom: Atom): string {
  switch (atom.kind) {
    case 'text':
      return `t${atom.cased ? 'c' : ''}${JSON.stringify(atom.pattern)}`;
    case 'regex':
      return `r${atom.regex.flags}${JSON.stringify(atom.regex.source)}`;
    case 'cidr':
      return `n${formatRange(atom.range)}`;
    case 'reference':
      return `f${atom.mode}${atom.cased}${JSON.stringify(atom.field)}`;
    case 'number':
    case 'compare':
    case 'time':
      return `${JSON.stringify({ ...atom, value: undefined })}${atom.value}`;
    default:
      return JSON.stringify(atom);
  }
}
