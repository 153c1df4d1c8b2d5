/** What the flow table did and, by reason, what it could not use. */
export interface FlowCounters {
  packets: number;
  /** Conversations so far, and at this moment (with those remembered after their end). */
  flows: number;
  active: number;
  /** Conversations given up because the table was full. */
  evicted: number;
  /** TCP packets without a conversation that could not begin one: resets, lone FINs, scans with odd flags. */
  strays: number;
  /** Packets of TCP conversations that were over. */
  afterEnd: number;
  /** TCP payload without ACK flag, which no receiver takes. */
  withoutAck: number;
  /** Sequence numbers that cannot belong to the connection. */
  outOfWindow: number;
  /** Resets outside the window, and those in it after which the connection went on. */
  ignoredResets: number;
  /** Segments with other bytes than an earlier segment at the same place. The first is believed. */
  conflicts: number;
  /** Missing parts of TCP streams. */
  gaps: number;
  gapBytes: number;
  /** Packets with a time before that of an earlier packet; they count as of that time. */
  timeReversals: number;
  /** ICMP errors about a conversation. */
  icmpErrors: number;
}

export function createFlowCounters(): FlowCounters {
  return {
    packets: 0,
    flows: 0,
    active: 0,
    evicted: 0,
    strays: 0,
    afterEnd: 0,
    withoutAck: 0,
    outOfWindow: 0,
    ignoredResets: 0,
    conflicts: 0,
    gaps: 0,
    gapBytes: 0,
    timeReversals: 0,
    icmpErrors: 0,
  };
}
