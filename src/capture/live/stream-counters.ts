/** What became of the payload that the kernel side shipped; sums since start. */
export interface StreamCounters {
  /** Streams opened, ended by their socket, and ended to make room. */
  opened: number;
  closed: number;
  evicted: number;
  /** Pieces that found no room in the ring. */
  lostPieces: number;
  /** Bytes that came twice. */
  repeatedBytes: number;
  /** Pieces that came before bytes that precede them, and such bytes that never came. */
  earlyPieces: number;
  holes: number;
  /** Pieces that came to a listener and whose connection was never seen. */
  lostOrphans: number;
}

export function createStreamCounters(): StreamCounters {
  return {
    opened: 0,
    closed: 0,
    evicted: 0,
    lostPieces: 0,
    repeatedBytes: 0,
    earlyPieces: 0,
    holes: 0,
    lostOrphans: 0,
  };
}
