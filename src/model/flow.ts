import type { ConnectionEvent } from './event.ts';
import type { ServiceProtocol } from './service-protocol.ts';

/** Counters of a TCP connection that never go down; bytes are payload. */
export interface FlowTotals {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** These three modulo 2^32. */
  readonly segmentsSent: number;
  readonly segmentsReceived: number;
  readonly retransmits: number;
}

/** A TCP connection that is open, as its socket counts at this moment. Only valid during the call that it is given to. */
export interface LiveFlow extends FlowTotals {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly socketId: number;
  /** The store, cache or broker that first bytes told. */
  readonly spoken: ServiceProtocol | undefined;
  /** Smoothed, microseconds; 0 when never measured. */
  readonly rttUs: number;
  /** The connection is older than telegen, and this is the first that is told of it: what it counts is where to begin. */
  readonly isFirst: boolean;
  /**
   * Who talks to whom: an event of the phase `established`. Undefined where only counters were told, as of a connection that was told
   * before; having asked, one finds it with what is told next.
   */
  event(): ConnectionEvent | undefined;
}
