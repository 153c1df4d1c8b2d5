/** Ends of the range that a Date can hold, in epoch milliseconds. */
const MAX_TIME_MS = 8.64e15;
const SECOND_MS = 1000;

/** The text of the second last asked for, up to its point: times mostly come in order. */
let knownSecond = Number.NaN;
let knownText = '';

/** ISO-8601 in UTC with milliseconds (a fraction is cut off). Never throws: times out of range are clamped, NaN is 1970. */
export function isoTime(timeMs: number): string {
  const clamped = Math.min(MAX_TIME_MS, Math.max(-MAX_TIME_MS, timeMs));
  const wholeMs = Number.isNaN(clamped) ? 0 : Math.floor(clamped);
  const second = Math.floor(wholeMs / SECOND_MS);
  if (second !== knownSecond) {
    knownText = new Date(second * SECOND_MS).toISOString().slice(0, -'000Z'.length);
    knownSecond = second;
  }
  return `${knownText}${String(wholeMs - second * SECOND_MS).padStart(3, '0')}Z`;
}
