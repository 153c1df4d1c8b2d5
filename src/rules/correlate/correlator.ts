import { firstScalar, numberOfValue } from '../match/value.ts';
import { holds, isRising } from './bounds.ts';
import {
  contributorsSince,
  type Group,
  noteEvent,
  openGroup,
  resetGroup,
  restoreGroup,
  type SavedGroup,
  saveGroup,
} from './group.ts';
import { aliasFor, groupKeys, keyOf } from './group-keys.ts';
import type { CorrelationCounters, Fired, Hit } from './hit.ts';
import type { MeasureOptions } from './measure.ts';
import type { PlannedCorrelation } from './plan.ts';
import { hasNegation } from './sequence.ts';

export interface CorrelatorLimits {
  readonly maxGroups: number;
  readonly maxEntries: number;
}

const NONE: readonly never[] = [];
/** Share of the groups that goes when there is no more room: those longest without an event. */
const EVICTED_SHARE = 0.1;

/** The state of one correlation: groups with their windows, bounded. Events come in the order of their time. */
export class Correlator<E> {
  readonly #plan: PlannedCorrelation;
  readonly #document: number;
  readonly #limits: CorrelatorLimits;
  readonly #counters: CorrelationCounters;
  #groups = new Map<string, Group<E>>();
  /** Groups in the order in which their windows close. */
  #closing: Group<E>[] = [];
  readonly #atClose: boolean;
  /** One object for the measures of all groups. */
  readonly #measured: MeasureOptions;
  readonly #placesOf = new Map<number, number[]>();
  readonly #fieldsOf = new Map<number, readonly string[]>();
  /** What a rule calls the fields that are counted or summed. */
  readonly #countedOf = new Map<number, readonly string[]>();

  constructor(
    plan: PlannedCorrelation,
    numbers: { readonly own: number; readonly inputs: readonly number[] },
    parts: { readonly limits: CorrelatorLimits; readonly counters: CorrelationCounters },
  ) {
    this.#plan = plan;
    this.#document = numbers.own;
    this.#limits = parts.limits;
    this.#counters = parts.counters;
    const { type, percentile, bounds, groupBy, aliases, fields } = plan.rule.document.correlation;
    const onEvict = (): void => {
      parts.counters.evictedEntries += 1;
    };
    this.#measured = { type, percentile, maxEntries: parts.limits.maxEntries, onEvict };
    this.#atClose = !isRising(bounds) || (plan.expression !== undefined && hasNegation(plan.expression));
    for (const [place, input] of numbers.inputs.entries()) {
      this.#placesOf.set(input, [...(this.#placesOf.get(input) ?? []), place]);
      const meta = plan.inputs[place]?.meta;
      const resolve = (name: string): string => aliasFor(name, [meta?.id, meta?.name], aliases);
      this.#fieldsOf.set(input, groupBy.map(resolve));
      this.#countedOf.set(input, fields.map(resolve));
    }
  }

  get document(): number {
    return this.#document;
  }

  /** Equal for correlations of equal text. */
  get signature(): string {
    const { correlation } = this.#plan.rule.document;
    const { offset: _, expression, aliases, ...text } = correlation;
    return JSON.stringify([
      this.#plan.rule.key,
      text,
      expression?.text,
      [...aliases].map(([name, map]) => [name, [...map]]),
    ]);
  }

  /** Takes over the groups of a correlation with the same text. */
  adopt(before: Correlator<E>): void {
    this.#groups = before.#groups;
    this.#closing = before.#closing;
  }

  *save(): Iterable<SavedGroup<E>> {
    for (const group of this.#groups.values()) yield saveGroup(group);
  }

  /** Takes over groups of an earlier run; they come in the order in which they were saved. */
  restore(saved: readonly SavedGroup<E>[]): void {
    for (const each of saved.slice(0, this.#limits.maxGroups)) {
      const group = restoreGroup(this.#plan, each, this.#measured);
      this.#groups.set(keyOf(group.values), group);
      if (this.#atClose) this.#closing.push(group);
    }
    this.#closing.sort((a, b) => a.closesAtMs - b.closesAtMs);
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Documents that it builds on. */
  get inputs(): Iterable<number> {
    return this.#placesOf.keys();
  }

  /** Fields that it reads of an event that fulfilled one of its documents. */
  fieldsOf(input: number): readonly string[] {
    return [...(this.#fieldsOf.get(input) ?? []), ...(this.#countedOf.get(input) ?? [])];
  }

  /** Takes an event and gives what has come true by it, also of windows that have closed before it. */
  add(hit: Hit<E>): readonly Fired<E>[] {
    const closed = this.advance(hit.timeMs);
    const fired = closed.length === 0 ? NONE : [...closed];
    const [first] = hit.documents;
    if (hit.documents.length === 1 && first !== undefined) return this.#addOne(first, hit, fired);
    return this.#addMany(hit, fired);
  }

  #addOne(input: number, hit: Hit<E>, before: readonly Fired<E>[]): readonly Fired<E>[] {
    const only = this.#singleValue(input, hit);
    if (only !== undefined) {
      const result = this.#update(only, hit);
      return result === undefined ? before : [...before, result];
    }
    let fired = before;
    for (const values of this.#rowsOf(input, hit)) {
      const result = this.#update(keyOf(values), hit, values);
      if (result !== undefined) fired = [...fired, result];
    }
    return fired;
  }

  /** By far the most frequent: one field to group by, and one text in it. */
  #singleValue(input: number, { fields }: Hit<E>): string | undefined {
    const names = this.#fieldsOf.get(input);
    const value = names?.length === 1 ? fields.get(names[0] as string) : undefined;
    return typeof value === 'string' ? value : undefined;
  }

  /** An event that fulfils several documents is one event for each group, so that no chain counts it twice. */
  #addMany(hit: Hit<E>, before: readonly Fired<E>[]): readonly Fired<E>[] {
    const fired = [...before];
    const touched = new Map<string, { readonly values: readonly string[]; readonly inputs: number[] }>();
    for (const input of hit.documents) {
      for (const values of this.#rowsOf(input, hit)) {
        const key = keyOf(values);
        const entry = touched.get(key) ?? { values, inputs: [] };
        entry.inputs.push(input);
        touched.set(key, entry);
      }
    }
    for (const [key, { values, inputs }] of touched) {
      const result = this.#update(key, { ...hit, documents: inputs }, values);
      if (result !== undefined) fired.push(result);
    }
    return fired;
  }

  #rowsOf(input: number, hit: Hit<E>): readonly (readonly string[])[] {
    const names = this.#fieldsOf.get(input);
    if (names === undefined) return [];
    const rows = groupKeys(names.map((name) => hit.fields.get(name)));
    if (rows.length === 0) this.#counters.missingField += 1;
    return rows;
  }

  /** Decides the windows that have closed by this time. */
  advance(nowMs: number): readonly Fired<E>[] {
    if (!this.#atClose) return NONE;
    const fired: Fired<E>[] = [];
    let closed = 0;
    for (const group of this.#closing) {
      if (group.closesAtMs > nowMs) break;
      closed++;
      const key = keyOf(group.values);
      if (this.#groups.get(key) !== group) continue;
      this.#groups.delete(key);
      const since = group.closesAtMs - this.#spanMs - 1;
      if (this.#isTrue(group, since)) fired.push(this.#fire(group, group.closesAtMs));
    }
    if (closed > 0) this.#closing = this.#closing.slice(closed);
    return fired;
  }

  get #spanMs(): number {
    return this.#plan.rule.document.correlation.timespanMs;
  }

  /** Without values the key is the only one. */
  #update(key: string, hit: Hit<E>, values?: readonly string[]): Fired<E> | undefined {
    this.#counters.updates += 1;
    const known = this.#groups.get(key);
    const group = known ?? this.#open(values ?? [key], hit);
    if (!this.#record(group, hit)) {
      this.#counters.missingField += 1;
      return undefined;
    }
    if (known === undefined) this.#enter(key, group);
    noteEvent(group, hit);
    return this.#atClose ? undefined : this.#decide(group, hit.timeMs);
  }

  /** Sliding, half open: what is exactly a timespan old has left. */
  #decide(group: Group<E>, timeMs: number): Fired<E> | undefined {
    const since = timeMs - this.#spanMs;
    group.measure?.dropUntil(since);
    if (!this.#isTrue(group, since)) return undefined;
    const { firing } = this.#plan.rule.document.correlation;
    if (firing === 'suppress' && timeMs < group.quietUntilMs) {
      this.#counters.suppressed += 1;
      return undefined;
    }
    const fired = this.#fire(group, timeMs);
    group.quietUntilMs = timeMs + this.#spanMs;
    if (firing === 'reset') resetGroup(group);
    return fired;
  }

  #isTrue({ measure, occurrences }: Group<E>, sinceMs: number): boolean {
    if (occurrences !== undefined) return occurrences.holds(sinceMs);
    const value = measure?.value();
    return value !== undefined && holds(value, this.#plan.rule.document.correlation.bounds);
  }

  #fire(group: Group<E>, timeMs: number): Fired<E> {
    this.#counters.fired += 1;
    const { groupBy } = this.#plan.rule.document.correlation;
    const since = timeMs - this.#spanMs - (this.#atClose ? 1 : 0);
    return {
      document: this.#document,
      timeMs,
      last: group.last,
      group: groupBy.map((name, place) => [name, group.values[place] ?? ''] as const),
      value: group.measure?.value(),
      contributors: contributorsSince(group, since),
    };
  }

  #record(group: Group<E>, hit: Hit<E>): boolean {
    const inputs = hit.documents;
    if (group.occurrences !== undefined) {
      group.occurrences.add(
        hit.timeMs,
        inputs.flatMap((input) => this.#placesOf.get(input) ?? []),
      );
      return true;
    }
    let counted = false;
    for (const input of inputs) {
      const entry = this.#entryOf(input, hit);
      if (entry === undefined) continue;
      group.measure?.add(hit.timeMs, entry);
      counted = true;
    }
    return counted;
  }

  /** What is counted of the event; undefined when it lacks the field. */
  #entryOf(input: number, { fields }: Hit<E>): { key: string; number: number } | undefined {
    const { type } = this.#plan.rule.document.correlation;
    if (type === 'event_count') return { key: '', number: 0 };
    const values = (this.#countedOf.get(input) ?? []).map((name) => firstScalar(fields.get(name)));
    if (values.includes(undefined)) return undefined;
    if (type === 'value_count') return { key: keyOf(values.map(String)), number: 0 };
    const [value] = values;
    const number = value === undefined ? undefined : numberOfValue(value);
    return number === undefined ? undefined : { key: '', number: Number(number) };
  }

  #open(values: readonly string[], event: Hit<E>): Group<E> {
    return openGroup<E>(this.#plan, { values, event }, this.#measured);
  }

  #enter(key: string, group: Group<E>): void {
    if (this.#groups.size >= this.#limits.maxGroups) this.#makeRoom(group.lastMs);
    this.#groups.set(key, group);
    if (this.#atClose) this.#closing.push(group);
  }

  /** First those whose window is empty, then the stalest. */
  #makeRoom(nowMs: number): void {
    const times = Float64Array.from([...this.#groups.values()], ({ lastMs }) => lastMs).sort();
    const stalest = times[Math.floor(times.length * EVICTED_SHARE)] ?? nowMs;
    const since = this.#atClose ? stalest : Math.max(stalest, nowMs - this.#spanMs);
    for (const [key, { lastMs, quietUntilMs }] of this.#groups) {
      if (lastMs > since) continue;
      this.#groups.delete(key);
      if (lastMs > nowMs - this.#spanMs || quietUntilMs > nowMs) this.#counters.evictedGroups += 1;
    }
  }
}
