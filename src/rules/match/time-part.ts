import type { TimePart } from '../syntax/expression.ts';
import type { Scalar } from './value.ts';

/** Numbers below this are epoch seconds, others milliseconds (the year 2286, and 1970). */
const SECONDS_BELOW = 1e10;
const RFC_3339 =
  /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?$/;
const DAY_MS = 86_400_000;

/** Part of a timestamp in UTC: RFC 3339, or epoch seconds or milliseconds. undefined for what is no time. */
export function timePart(value: Scalar, part: TimePart): number | undefined {
  const timeMs = timeOf(value);
  if (timeMs === undefined) return undefined;
  const date = new Date(timeMs);
  switch (part) {
    case 'minute':
      return date.getUTCMinutes();
    case 'hour':
      return date.getUTCHours();
    case 'day':
      return date.getUTCDate();
    case 'week':
      return isoWeek(timeMs);
    case 'month':
      return date.getUTCMonth() + 1;
    case 'year':
      return date.getUTCFullYear();
    default:
      return part satisfies never;
  }
}

function timeOf(value: Scalar): number | undefined {
  if (typeof value === 'string' && RFC_3339.test(value)) {
    // Without a zone it is UTC; the language would take it for local time.
    const zoned =
      /[Zz]$|[+-]\d{2}:?\d{2}$/.test(value.slice(10)) || value.length === 10 ? value : `${value}Z`;
    const parsed = Date.parse(zoned.replace(' ', 'T'));
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  const number = typeof value === 'string' && /^\d{9,16}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !(Math.abs(number) < 8.64e15)) return undefined;
  return Math.abs(number) < SECONDS_BELOW ? number * 1000 : number;
}

/** ISO 8601: the week with the year's first Thursday is week 1. */
function isoWeek(timeMs: number): number {
  const day = Math.floor(timeMs / DAY_MS);
  const weekday = (((day + 3) % 7) + 7) % 7;
  const thursday = new Date((day - weekday + 3) * DAY_MS);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return Math.floor((thursday.getTime() - first) / DAY_MS / 7) + 1;
}
