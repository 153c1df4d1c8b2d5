import { isoTime } from '../../net/iso-time.ts';
import type { CorrelatedEvent } from './hit.ts';
import { createMeasure, type Measure, type MeasureEntry, type MeasureOptions } from './measure.ts';
import type { PlannedCorrelation } from './plan.ts';
import { createOrdered, createTemporal, type Occurrences } from './sequence.ts';

/** What a correlation remembers of the events of one group. */
export interface Group<E> {
  readonly values: readonly string[];
  /** For types that count or reckon. */
  readonly measure: Measure | undefined;
  /** For temporal types. */
  readonly occurrences: Occurrences | undefined;
  /** Time and number of the socket (of the process: negative), in pairs, oldest first. */
  readonly contributors: number[];
  last: CorrelatedEvent<E>;
  lastMs: number;
  quietUntilMs: number;
  /** For correlations that are decided at the end of their window. */
  readonly closesAtMs: number;
}

const MAX_CONTRIBUTORS = 16;

/** A group that begins with this event, which is not counted yet. */
export function openGroup<E>(
  plan: PlannedCorrelation,
  begin: { readonly values: readonly string[]; readonly event: CorrelatedEvent<E> },
  measured: MeasureOptions,
): Group<E> {
  const { type, bounds, timespanMs } = plan.rule.document.correlation;
  const { expression, names } = plan;
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  const { values, event } = begin;
  return {
    values,
    measure: isTemporal ? undefined : createMeasure(measured),
    occurrences: isTemporal
      ? type === 'temporal'
        ? createTemporal({ names, bounds, expression })
        : createOrdered({ names, bounds, expression })
      : undefined,
    contributors: [],
    last: event,
    lastMs: event.timeMs,
    quietUntilMs: Number.NEGATIVE_INFINITY,
    closesAtMs: event.timeMs + timespanMs,
  };
}

/** A group as it outlives the program. */
export interface SavedGroup<E> extends Omit<Group<E>, 'measure' | 'occurrences'> {
  readonly entries: readonly MeasureEntry[];
  readonly occurred: readonly number[];
}

export function saveGroup<E>({ measure, occurrences, ...rest }: Group<E>): SavedGroup<E> {
  return { ...rest, entries: measure?.entries() ?? [], occurred: occurrences?.save() ?? [] };
}

export function restoreGroup<E>(
  plan: PlannedCorrelation,
  { entries, occurred, ...rest }: SavedGroup<E>,
  measured: MeasureOptions,
): Group<E> {
  const { measure, occurrences } = openGroup(plan, { values: rest.values, event: rest.last }, measured);
  for (const entry of entries) measure?.add(entry.timeMs, entry);
  occurrences?.restore(occurred);
  return { ...rest, contributors: [...rest.contributors], measure, occurrences };
}

/** Notes the event as the group's latest. */
export function noteEvent<E>(group: Group<E>, event: CorrelatedEvent<E>): void {
  group.last = event;
  group.lastMs = event.timeMs;
  group.contributors.push(event.timeMs, event.source);
  // Cut seldom and in bulk: moving a list for every event would cost more than counting it.
  if (group.contributors.length >= 4 * MAX_CONTRIBUTORS) group.contributors.splice(0, 2 * MAX_CONTRIBUTORS);
}

/** Forgets what has been counted. */
export function resetGroup(group: Group<unknown>): void {
  group.measure?.clear();
  group.occurrences?.clear();
  group.contributors.length = 0;
}

/** Names of the contributing events younger than this: when each was, and of which socket or process. */
export function contributorsSince(
  { contributors: pairs }: Group<unknown>,
  sinceMs: number,
): readonly string[] {
  const ids: string[] = [];
  for (let i = Math.max(0, pairs.length - 2 * MAX_CONTRIBUTORS); i < pairs.length; i += 2) {
    const timeMs = pairs[i] ?? 0;
    const number = pairs[i + 1] ?? 0;
    if (timeMs > sinceMs)
      ids.push(`${isoTime(timeMs)}/${number < 0 ? `pid ${-number}` : number.toString(16)}`);
  }
  return ids;
}
