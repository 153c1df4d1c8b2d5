import type { IpAddress } from './ip-address.ts';

/** One matching entry of a list. */
export interface ListMatch {
  /** Name of the list: its file name without folder and ending. */
  readonly list: string;
  /** The entry as canonical text, e.g. `198.51.100.0/24`. */
  readonly entry: string;
}

/** Port through which detectors ask about addresses. Synchronous and local. */
export interface ReputationLookup {
  /** The most specific matching entry of each list; empty when unlisted. */
  lookup(ip: IpAddress): readonly ListMatch[];
}
