import type { ConversationFacts, Side } from '../../model/conversation.ts';
import type { ConnectionEvent, EndReason } from '../../model/event.ts';
import type { FlowCounters } from './counters.ts';
import type { Flow } from './flow.ts';
import type { Reassembler } from './reassembler.ts';

/** What the trackers need of the flow table. */
export interface FlowContext {
  readonly counters: FlowCounters;
  readonly reassembler: Reassembler;
  /** Virtual time: that of the newest packet so far. */
  readonly nowMs: () => number;
  readonly emit: (event: ConnectionEvent) => void;
  readonly readsDatagrams: (facts: ConversationFacts) => boolean;
  readonly onDatagram: DatagramHandler;
  readonly touch: (flow: Flow, queue: number) => void;
  /** Makes the client of a connection its server: that was a guess, and nothing was told of it. */
  readonly turn: (flow: Flow) => void;
  /** Reports a flow as over now; what is left of its streams goes to the consumer before. */
  readonly end: (flow: Flow, outcome: Outcome) => void;
}

/**
 * One datagram. `bytes` is used again after the call. `missing` bytes at its end were not captured.
 */
export type DatagramHandler = (
  facts: ConversationFacts,
  side: Side,
  bytes: Uint8Array,
  timeMs: number,
  missing: number,
) => void;

export interface Outcome {
  readonly phase: 'failed' | 'closed';
  readonly reason: EndReason;
}
