import type { Bound } from '../syntax/correlation.ts';

/** Whether a value is within all bounds. */
export function holds(value: number, bounds: readonly Bound[]): boolean {
  return bounds.every(({ operator, value: limit }) => {
    switch (operator) {
      case 'gt':
        return value > limit;
      case 'gte':
        return value >= limit;
      case 'lt':
        return value < limit;
      case 'lte':
        return value <= limit;
      case 'eq':
        return value === limit;
      case 'neq':
        return value !== limit;
      default:
        return operator satisfies never;
    }
  });
}

/** Lower bounds alone can be decided when an event comes; everything else only when the window closes. */
export function isRising(bounds: readonly Bound[]): boolean {
  return bounds.every(({ operator }) => operator === 'gt' || operator === 'gte');
}
