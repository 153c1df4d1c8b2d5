/**
 * How large a dynamic table one encoder may use, as far as an observer can know it: the other side's SETTINGS count for
 * the encoder from somewhere between their arrival and the acknowledgement it sends, so until that is seen the largest
 * value in flight is allowed.
 */
export interface TableLimits {
  readonly max: number;
  /** The connection begins: the default holds. */
  begin(): void;
  /** The other side sent SETTINGS, with a table size or without. */
  announced(size: number | undefined): void;
  /** The encoder acknowledged the oldest SETTINGS in flight. */
  acknowledged(): void;
  /** SETTINGS may have been missed. */
  lose(): void;
}

const DEFAULT_SIZE = 4096;
const MAX_IN_FLIGHT = 64;
const UNKNOWN = Number.POSITIVE_INFINITY;

export function createTableLimits(): TableLimits {
  let current = UNKNOWN;
  let inFlight: (number | undefined)[] = [];
  function lose(): void {
    current = UNKNOWN;
    inFlight = [];
  }
  return {
    get max() {
      return Math.max(current, ...inFlight.map((size) => size ?? 0));
    },
    begin: () => {
      current = DEFAULT_SIZE;
    },
    announced: (size) => {
      if (inFlight.length === MAX_IN_FLIGHT) lose();
      else inFlight.push(size);
    },
    acknowledged: () => {
      const size = inFlight.shift();
      if (size !== undefined && current !== UNKNOWN) current = size;
    },
    lose,
  };
}
