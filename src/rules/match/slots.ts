import type { IpAddress } from '../../model/ip-address.ts';
import { formatIp } from '../../net/ip.ts';
import type { EventClass, FieldSpec } from '../classes/event-class.ts';
import type { SlotIndex } from './slot-index.ts';
import type { FieldValue, Scalar } from './value.ts';
import { scalarsOf } from './value.ts';
import { createValueMemo, EMPTY_ENTRY, type Entry, type ValueMemo } from './value-memo.ts';

/** One field of one event at a time: reads it once, and tells what its value says about all rules. */
export interface Slot<E> {
  entryOf(event: E): Entry;
  read(event: E): FieldValue;
}

/** Rules whose witness is a predicate. */
export type RulesOf = (predicate: number) => readonly number[];

/** `index` is undefined for a field about which no rule asks. */
export function createSlot<E>(spec: FieldSpec<E>, index: SlotIndex | undefined, rulesOf: RulesOf): Slot<E> {
  const read = (event: E): FieldValue => {
    const ip = spec.address?.(event);
    return ip === undefined ? spec.read(event) : formatIp(ip);
  };
  if (index === undefined) return { read, entryOf: () => EMPTY_ENTRY };
  const build = (predicates: readonly number[]): Entry => entryFor(predicates, rulesOf);
  const absent = build(index.absent);
  const present = build(index.present);
  const forScalar = createScalarLookup(index, build, spec.spread !== 'unique');
  const forAddress = createAddressLookup(index, build);
  return {
    read,
    entryOf(event) {
      if (spec.address !== undefined) {
        const ip = spec.address(event);
        return ip === undefined ? absent : forAddress(ip);
      }
      const value = spec.read(event);
      if (value === undefined) return absent;
      if (!Array.isArray(value)) return forScalar(value as Scalar);
      if (value.length === 1 && isScalar(value[0])) return forScalar(value[0]);
      return joined(scalarsOf(value).map(forScalar), present, build);
    },
  };
}

const isScalar = (value: FieldValue): value is Scalar => value !== undefined && !Array.isArray(value);

function entryFor(predicates: readonly number[], rulesOf: RulesOf): Entry {
  if (predicates.length === 0) return EMPTY_ENTRY;
  const sorted = [...new Set(predicates)].sort((a, b) => a - b);
  return { predicates: sorted, rules: [...new Set(sorted.flatMap(rulesOf))] };
}

function joined(
  entries: readonly Entry[],
  present: Entry,
  build: (predicates: readonly number[]) => Entry,
): Entry {
  const telling = entries.filter((entry) => entry !== EMPTY_ENTRY);
  const [only] = telling;
  if (only === undefined) return present;
  if (telling.length === 1) return only;
  return build(telling.flatMap(({ predicates }) => predicates));
}

type Build = (predicates: readonly number[]) => Entry;

function createScalarLookup(index: SlotIndex, build: Build, remember: boolean): (value: Scalar) => Entry {
  const memo: ValueMemo<Scalar> | undefined = remember ? createValueMemo() : undefined;
  const forNumber = createNumberLookup(index, build);
  let scratch: number[] = [];
  return (value) => {
    if (forNumber !== undefined && typeof value === 'number') return forNumber(value);
    const known = memo?.get(value);
    if (known !== undefined) return known;
    index.collect(value, scratch);
    for (const predicate of index.present) scratch.push(predicate);
    if (scratch.length === 0) {
      memo?.set(value, EMPTY_ENTRY);
      return EMPTY_ENTRY;
    }
    const entry = build(scratch);
    scratch = [];
    memo?.set(value, entry);
    return entry;
  };
}

/** Where all that rules know are single numbers, there is nothing to remember of the others: ports of clients are many. */
function createNumberLookup(
  { numbers, present }: SlotIndex,
  build: Build,
): ((value: number) => Entry) | undefined {
  if (numbers === undefined) return undefined;
  const entries = new Map(
    [...numbers].map(([value, predicates]) => [value, build([...predicates, ...present])] as const),
  );
  const others = build(present);
  return (value) => entries.get(value) ?? others;
}

/** IPv4 addresses are remembered by their number, so that no text is made of them. */
function createAddressLookup(index: SlotIndex, build: Build): (ip: IpAddress) => Entry {
  const memo = createValueMemo<number | string>();
  let last: IpAddress | undefined;
  let lastEntry = EMPTY_ENTRY;
  return (ip) => {
    if (ip === last) return lastEntry;
    lastEntry = find(ip);
    last = ip;
    return lastEntry;
  };

  function find(ip: IpAddress): Entry {
    const key = ip.family === 4 ? ip.w3 : formatIp(ip);
    const known = memo.get(key);
    if (known !== undefined) return known;
    const predicates = [...index.present];
    index.collectAddress(ip, predicates);
    const entry = build(predicates);
    memo.set(key, entry);
    return entry;
  }
}

/** Every scalar of an event in which keywords are looked for. */
export function keywordScalars<E>(
  eventClass: EventClass<E>,
  slots: readonly Slot<E>[],
  event: E,
): readonly Scalar[] {
  return eventClass.fields.flatMap((spec, slot) =>
    spec.keywords === false ? [] : scalarsOf(slots[slot]?.read(event)),
  );
}
