import type { FieldValue } from '../match/value.ts';

/** One event as correlations remember it: the fields that they ask for, read while the event was handled. */
export interface CorrelatedEvent<E> {
  readonly event: E;
  /** Number of the event's socket; of its process, negative. */
  readonly source: number;
  readonly timeMs: number;
  readonly fields: ReadonlyMap<string, FieldValue>;
}

/** One event and everything that it fulfilled. */
export interface Hit<E> extends CorrelatedEvent<E> {
  /** Numbers of the documents. */
  readonly documents: readonly number[];
}

/** A correlation that has come true for one group. */
export interface Fired<E> {
  /** Number of the correlation's document. */
  readonly document: number;
  readonly timeMs: number;
  /** The last contributing event. */
  readonly last: CorrelatedEvent<E>;
  /** Group-by names with the group's values. */
  readonly group: readonly (readonly [name: string, value: string])[];
  /** What was counted, summed or averaged; undefined for temporal types. */
  readonly value: number | undefined;
  /** Contributing events, oldest first, at most 16. */
  readonly contributors: readonly string[];
}

export interface CorrelationCounters {
  /** Events that reached a correlation. */
  updates: number;
  /** Without a value for a group-by field, or for the field that is counted. */
  missingField: number;
  /** Groups forgotten to make room. */
  evictedGroups: number;
  /** Entries of a group's window forgotten to make room. */
  evictedEntries: number;
  /** Came after their time had been dealt with; taken as if they came at that time. */
  late: number;
  fired: number;
  suppressed: number;
}

export function createCorrelationCounters(): CorrelationCounters {
  return {
    updates: 0,
    missingField: 0,
    evictedGroups: 0,
    evictedEntries: 0,
    late: 0,
    fired: 0,
    suppressed: 0,
  };
}
