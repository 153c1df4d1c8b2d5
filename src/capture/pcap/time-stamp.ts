const HIGH = 2 ** 32;
/** Up to here the division of a 64-bit time stamp stays exact in doubles. */
const MAX_EXACT_UNITS = 2 ** 37;

/** Units of a pcapng time stamp: how many there are in a second, and seconds to add. */
export interface TimeScale {
  readonly unitsPerSecond: number;
  readonly offsetSeconds: number;
}

export const MICROSECONDS: TimeScale = { unitsPerSecond: 1e6, offsetSeconds: 0 };

/**
 * Epoch milliseconds of seconds and a fraction in units. One formula for all formats, so that the same time is the
 * same number whatever the file.
 */
export function toMs(seconds: number, fraction: number, unitsPerSecond: number): number {
  return seconds * 1000 + fraction / (unitsPerSecond / 1000);
}

/** Epoch milliseconds of a 64-bit time stamp given in two halves. */
export function stampToMs(high: number, low: number, { unitsPerSecond, offsetSeconds }: TimeScale): number {
  if (unitsPerSecond > MAX_EXACT_UNITS) {
    return (high * (HIGH / unitsPerSecond) + low / unitsPerSecond + offsetSeconds) * 1000;
  }
  // Long division by 16 bits a step.
  const whole = Math.floor(high / unitsPerSecond);
  const upper = (high - whole * unitsPerSecond) * 65_536 + (low >>> 16);
  const upperQuotient = Math.floor(upper / unitsPerSecond);
  const lower = (upper - upperQuotient * unitsPerSecond) * 65_536 + (low & 0xffff);
  const lowerQuotient = Math.floor(lower / unitsPerSecond);
  const seconds = whole * HIGH + upperQuotient * 65_536 + lowerQuotient;
  return toMs(seconds + offsetSeconds, lower - lowerQuotient * unitsPerSecond, unitsPerSecond);
}

/** Units per second of `if_tsresol`: a power of ten, or of two when the highest bit is set. */
export function unitsOf(resolution: number): number {
  return resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
}
