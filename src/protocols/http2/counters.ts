/** What of a connection was skipped or not understood. */
export interface Http2Counters {
  /** Frame headers that break the rules of their type, or exceed what the receiver allows. */
  badFrames: number;
  /** Header blocks that HPACK refuses. */
  badBlocks: number;
  /** Header blocks of which a part was missed, or that are too long. */
  lostBlocks: number;
  /** Header fields left out because they refer to what was sent before. */
  unknownFields: number;
  /** Header lists cut at their bound. */
  cutLists: number;
  /** Header fields dropped because there were too many. */
  droppedFields: number;
  /** Streams not followed because too many were open. */
  refusedStreams: number;
  /** Streams given up for others, open for want of an end that was missed. */
  givenUpStreams: number;
  /** Times the place in the stream was lost, and bytes passed over until it was found again. */
  losses: number;
  skippedBytes: number;
}

export function newHttp2Counters(): Http2Counters {
  return {
    badFrames: 0,
    badBlocks: 0,
    lostBlocks: 0,
    unknownFields: 0,
    cutLists: 0,
    droppedFields: 0,
    refusedStreams: 0,
    givenUpStreams: 0,
    losses: 0,
    skippedBytes: 0,
  };
}
