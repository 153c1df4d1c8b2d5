import type { IpAddress } from '../../model/ip-address.ts';
import { formatIp } from '../../net/ip.ts';
import { formatRange } from '../../net/prefix.ts';
import type { Atom } from '../syntax/expression.ts';
import { buildAutomaton } from './aho-corasick.ts';
import { addressOf, compare } from './atom.ts';
import { buildCidrIndex, type CidrIndex } from './cidr-index.ts';
import { collectTexts, type TextNeedle } from './text-needles.ts';
import { booleanOfValue, numberOfValue, type Scalar, textOfValue } from './value.ts';

/** Atoms of one field, each with the number of the predicate that it makes true. */
export interface NumberedAtom {
  readonly atom: Atom;
  readonly predicate: number;
}

export interface SlotIndex {
  /** Adds the predicates that a scalar makes true, with repeats. */
  collect(value: Scalar, into: number[]): void;
  /** The same for an address, whose text is `formatIp` of it. */
  collectAddress(ip: IpAddress, into: number[]): void;
  /** Predicates that the absence of the field makes true. */
  readonly absent: readonly number[];
  /** Predicates that any presence makes true, null and an empty list included. */
  readonly present: readonly number[];
  /** What single numbers make true; undefined where numbers are looked at in any other way as well. */
  readonly numbers: ReadonlyMap<number, readonly number[]> | undefined;
}

type Compared = NumberedAtom & { readonly atom: Extract<Atom, { kind: 'compare' }> };

/** Builds the index of one field: texts in one automaton, numbers in a map, networks in intervals. */
export function buildSlotIndex(atoms: readonly NumberedAtom[]): SlotIndex {
  const of = <K extends Atom['kind']>(kind: K) =>
    atoms.filter(
      (each): each is NumberedAtom & { atom: Extract<Atom, { kind: K }> } => each.atom.kind === kind,
    );
  const texts = createTextScan(atoms);
  const numbers = grouped(of('number').map(({ atom, predicate }) => [atom.value, predicate] as const));
  const booleans = grouped(of('boolean').map(({ atom, predicate }) => [atom.value, predicate] as const));
  const networks = createNetworks(of('cidr'));
  const compared: readonly Compared[] = of('compare');
  const nulls = of('null').map(({ predicate }) => predicate);
  const exists = of('exists');
  const absent = exists.filter(({ atom }) => !atom.value).map(({ predicate }) => predicate);

  function collectNumber(value: Scalar, into: number[]): void {
    if (numbers.size === 0 && compared.length === 0) return;
    const number = numberOfValue(value);
    if (number === undefined) return;
    push(into, numbers.get(number));
    for (const { atom, predicate } of compared) {
      if (compare(number, atom.operator, atom.value)) into.push(predicate);
    }
  }

  return {
    absent: [...nulls, ...absent],
    present: exists.filter(({ atom }) => atom.value).map(({ predicate }) => predicate),
    numbers:
      texts === NO_TEXTS && compared.length === 0 ? (numbers as ReadonlyMap<number, number[]>) : undefined,
    collect(value, into) {
      if (value === null) return push(into, nulls);
      const text = textOfValue(value);
      texts(text, into);
      collectNumber(value, into);
      if (booleans.size > 0) push(into, booleans.get(booleanOfValue(value) ?? ''));
      if (networks === undefined || typeof value !== 'string') return;
      const ip = addressOf(text);
      if (ip !== undefined) networks(ip, into);
    },
    collectAddress(ip, into) {
      texts(formatIp(ip), into);
      networks?.(ip, into);
    },
  };
}

function push(into: number[], predicates: readonly number[] | undefined): void {
  if (predicates !== undefined) for (const predicate of predicates) into.push(predicate);
}

function grouped<K>(pairs: readonly (readonly [K, number])[]): ReadonlyMap<unknown, readonly number[]> {
  const map = new Map<unknown, number[]>();
  for (const [key, predicate] of pairs) {
    const list = map.get(key);
    if (list === undefined) map.set(key, [predicate]);
    else list.push(predicate);
  }
  return map;
}

type CidrAtom = NumberedAtom & { readonly atom: Extract<Atom, { kind: 'cidr' }> };

/** Equal networks of different rules are one interval. */
function createNetworks(atoms: readonly CidrAtom[]): ((ip: IpAddress, into: number[]) => void) | undefined {
  if (atoms.length === 0) return undefined;
  const byNetwork = new Map<string, CidrAtom[]>();
  for (const each of atoms) {
    const key = formatRange(each.atom.range);
    byNetwork.set(key, [...(byNetwork.get(key) ?? []), each]);
  }
  const groups = [...byNetwork.values()];
  const ranges = groups.flatMap(([first], number) =>
    first === undefined ? [] : [[first.atom.range, number] as const],
  );
  const index: CidrIndex = buildCidrIndex(ranges);
  const predicates = groups.map((group) => [...new Set(group.map(({ predicate }) => predicate))]);
  return (ip, into) => {
    for (const number of index.lookup(ip)) push(into, predicates[number]);
  };
}

const NO_TEXTS = (): void => undefined;

/** One pass over a text that adds all predicates whose pattern it fits. */
function createTextScan(atoms: readonly NumberedAtom[]): (text: string, into: number[]) => void {
  const { needles, empty, always } = collectTexts(atoms);
  if (needles.length === 0 && empty.length === 0 && always.length === 0) return NO_TEXTS;
  const groups = new Map<string, TextNeedle[]>();
  for (const needle of needles) {
    const group = groups.get(needle.literal);
    if (group === undefined) groups.set(needle.literal, [needle]);
    else group.push(needle);
  }
  const automaton = needles.length === 0 ? undefined : buildAutomaton([...groups.keys()]);
  const byPattern = [...groups.values()];
  const tried = new Int32Array(needles.length);
  let scans = 0;
  return (text, into) => {
    push(into, always);
    if (text === '') push(into, empty);
    if (automaton === undefined) return;
    scans = (scans + 1) | 0;
    automaton.scan(text, (pattern, end) => {
      for (const needle of byPattern[pattern] ?? []) {
        if (tried[needle.number] === scans || !fits(needle, text, end)) continue;
        // A pattern that failed its check will fail it at every other place, too: the check sees the whole text.
        tried[needle.number] = scans;
        if (needle.check === undefined || needle.check(text)) into.push(needle.predicate);
      }
    });
  };
}

function fits({ literal, atStart, atEnd }: TextNeedle, text: string, end: number): boolean {
  return (!atStart || end === literal.length) && (!atEnd || end === text.length);
}
