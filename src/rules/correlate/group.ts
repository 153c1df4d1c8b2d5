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
  /** Time and number of the socket (of the process: negative), in pairs; the latest write over the oldest. */
  readonly contributors: number[];
  /** Where the oldest pair is. */
  oldestAt: number;
  last: CorrelatedEvent<E>;
  lastMs: number;
  quietUntilMs: number;
  /** For correlations that are decided at the end of their window. */
  readonly closesAtMs: number;
}

const MAX_CONTRIBUTORS = 16;
const CONTRIBUTOR_WORDS = 2 * MAX_CONTRIBUTORS;

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
    oldestAt: 0,
    last: event,
    lastMs: event.timeMs,
    quietUntilMs: Number.NEGATIVE_INFINITY,
    closesAtMs: event.timeMs + timespanMs,
  };
}

/** A group as it outlives the program. */
export interface SavedGroup<E> extends Omit<Group<E>, 'measure' | 'occurrences' | 'oldestAt'> {
  readonly entries: readonly MeasureEntry[];
  readonly occurred: readonly number[];
}

export function saveGroup<E>(group: Group<E>): SavedGroup<E> {
  const { measure, occurrences, contributors: _, oldestAt: __, ...rest } = group;
  const kept = { entries: measure?.entries() ?? [], occurred: occurrences?.save() ?? [] };
  return { ...rest, ...kept, contributors: inOrder(group) };
}

export function restoreGroup<E>(
  plan: PlannedCorrelation,
  { entries, occurred, ...rest }: SavedGroup<E>,
  measured: MeasureOptions,
): Group<E> {
  const { measure, occurrences } = openGroup(plan, { values: rest.values, event: rest.last }, measured);
  for (const entry of entries) measure?.add(entry.timeMs, entry);
  occurrences?.restore(occurred);
  const contributors = rest.contributors.slice(-CONTRIBUTOR_WORDS);
  return { ...rest, contributors, oldestAt: 0, measure, occurrences };
}

/** Notes the event as the group's latest. */
export function noteEvent<E>(group: Group<E>, event: CorrelatedEvent<E>): void {
  group.last = event;
  group.lastMs = event.timeMs;
  const { contributors, oldestAt } = group;
  if (contributors.length < CONTRIBUTOR_WORDS) {
    contributors.push(event.timeMs, event.source);
    return;
  }
  contributors[oldestAt] = event.timeMs;
  contributors[oldestAt + 1] = event.source;
  group.oldestAt = (oldestAt + 2) % CONTRIBUTOR_WORDS;
}

function inOrder({ contributors, oldestAt }: Pick<Group<unknown>, 'contributors' | 'oldestAt'>): number[] {
  return [...contributors.slice(oldestAt), ...contributors.slice(0, oldestAt)];
}

/** Forgets what has been counted. */
export function resetGroup(group: Group<unknown>): void {
  group.measure?.clear();
  group.occurrences?.clear();
  group.contributors.length = 0;
  group.oldestAt = 0;
}

/** Names of the contributing events younger than this: when each was, and of which socket or process. */
export function contributorsSince(group: Group<unknown>, sinceMs: number): readonly string[] {
  const pairs = inOrder(group);
  const ids: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const timeMs = pairs[i] ?? 0;
    const number = pairs[i + 1] ?? 0;
    if (timeMs > sinceMs)
      ids.push(`${isoTime(timeMs)}/${number < 0 ? `pid ${-number}` : number.toString(16)}`);
  }
  return ids;
}
