import { type Condition, conditionHolds } from '../syntax/condition.ts';
import type { Bound } from '../syntax/correlation.ts';
import { holds } from './bounds.ts';

/** Which rules have occurred in a group's window, and when. */
export interface Occurrences {
  /** One event that fulfilled the rules at these places of the correlation's list. */
  add(timeMs: number, places: readonly number[]): void;
  /** Whether the correlation holds for the window that ends now and began after `sinceMs`. */
  holds(sinceMs: number): boolean;
  clear(): void;
  /** One time for each rule of the list. */
  save(): readonly number[];
  restore(times: readonly number[]): void;
}

export interface TemporalOptions {
  readonly names: readonly string[];
  readonly bounds: readonly Bound[];
  readonly expression: Condition | undefined;
}

/** In any order: a condition over the rules, or how many of them must have occurred (default: all). */
export function createTemporal({ names, bounds, expression }: TemporalOptions): Occurrences {
  const last = names.map(() => Number.NEGATIVE_INFINITY);
  const limits: readonly Bound[] = bounds.length > 0 ? bounds : [{ operator: 'gte', value: names.length }];
  return {
    add(timeMs, places) {
      for (const place of places) last[place] = timeMs;
    },
    holds(sinceMs) {
      const occurred = (place: number): boolean => (last[place] ?? 0) > sinceMs;
      if (expression !== undefined)
        return conditionHolds(expression, (name) => occurred(names.indexOf(name)));
      return holds(last.filter((timeMs) => timeMs > sinceMs).length, limits);
    },
    clear: () => void last.fill(Number.NEGATIVE_INFINITY),
    ...saved(last),
  };
}

/**
 * In the order of the list, by distinct events. `starts[k]` is the latest time at which a chain of the first k + 1
 * rules can have begun: a later start is never worse, so one number per rule is enough.
 */
export function createOrdered({ names }: TemporalOptions): Occurrences {
  const starts = names.map(() => Number.NEGATIVE_INFINITY);
  return {
    add(timeMs, places) {
      // From behind, so that one event never stands for two steps of a chain.
      for (const place of places.toSorted((a, b) => b - a)) {
        const start = place === 0 ? timeMs : (starts[place - 1] ?? Number.NEGATIVE_INFINITY);
        starts[place] = Math.max(starts[place] ?? Number.NEGATIVE_INFINITY, start);
      }
    },
    holds: (sinceMs) => (starts.at(-1) ?? Number.NEGATIVE_INFINITY) > sinceMs,
    clear: () => void starts.fill(Number.NEGATIVE_INFINITY),
    ...saved(starts),
  };
}

function saved(times: number[]): Pick<Occurrences, 'save' | 'restore'> {
  return {
    save: () => [...times],
    restore(from) {
      for (const place of times.keys()) times[place] = from[place] ?? Number.NEGATIVE_INFINITY;
    },
  };
}

/** Whether a condition asks for the absence of a rule, which only the end of the window can tell. */
export function hasNegation(condition: Condition): boolean {
  if (condition.kind === 'name') return false;
  return condition.kind === 'not' || condition.of.some(hasNegation);
}
