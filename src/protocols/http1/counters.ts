import type { MessageCounters } from './message-reader.ts';

/** What of a connection was skipped or not understood. */
export interface Http1Counters extends MessageCounters {
  /** Lines in heads that are no header fields. */
  badLines: number;
  /** Header fields dropped because there were too many. */
  droppedFields: number;
  /** Gaps and damage behind which messages may be missing. */
  losses: number;
  /** Responses whose request is not known. */
  unasked: number;
  /** Requests given up because their response could not be told from others, or too many waited. */
  givenUp: number;
  /** Bytes behind an upgrade that nobody takes. */
  unreadBytes: number;
}

export function newHttp1Counters(): Http1Counters {
  return {
    badStartLines: 0,
    longHeads: 0,
    skippedBytes: 0,
    lostBodies: 0,
    badLines: 0,
    droppedFields: 0,
    losses: 0,
    unasked: 0,
    givenUp: 0,
    unreadBytes: 0,
  };
}
