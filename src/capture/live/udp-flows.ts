import type { ConnectionEvent, ConnectionStats, EndReason } from '../../model/event.ts';
import type { BpfObject } from '../addon.ts';
import {
  AT_UDP_FLOW_BYTES_RECEIVED,
  AT_UDP_FLOW_BYTES_SENT,
  AT_UDP_FLOW_FIRST_NS,
  AT_UDP_FLOW_LAST_NS,
  AT_UDP_FLOW_PACKETS_RECEIVED,
  AT_UDP_FLOW_PACKETS_SENT,
  AT_UDP_KEY_REMOTE_IP,
  AT_UDP_KEY_REMOTE_PORT,
  SIZE_UDP_KEY,
} from '../layout.gen.ts';

/** A conversation without a datagram for this long is over; a later one is a new conversation. */
const IDLE_MS = 60_000;
const NS_PER_MS = 1e6;
const MAP = 'tg_udp_flows';

interface Flow {
  readonly key: Uint8Array;
  readonly first: ConnectionEvent;
}

/**
 * UDP has no end of its own: a conversation ends with its socket, or after a minute of silence. The kernel counts,
 * this remembers which conversations there are, and reads and removes the counters at the end.
 */
export class UdpFlows {
  readonly #object: BpfObject;
  readonly capacity: number;
  readonly #emit: (event: ConnectionEvent) => void;
  /** By socket; insertion order is age. */
  readonly #bySocket = new Map<number, Flow[]>();
  #size = 0;

  constructor(object: BpfObject, capacity: number, emit: (event: ConnectionEvent) => void) {
    this.#object = object;
    this.capacity = capacity;
    this.#emit = emit;
  }

  get size(): number {
    return this.#size;
  }

  /** Call for the first event of a conversation. */
  opened(first: ConnectionEvent): void {
    while (this.#size >= this.capacity) this.#closeOldest(first.timeMs);
    const flows = this.#bySocket.get(first.socketId);
    const flow = { key: keyOf(first), first };
    if (flows === undefined) this.#bySocket.set(first.socketId, [flow]);
    else {
      // The kernel's map is an LRU: a conversation that fell out of it starts again.
      const known = flows.findIndex((other) => Buffer.compare(other.key, flow.key) === 0);
      if (known >= 0) {
        flows[known] = flow;
        return;
      }
      flows.push(flow);
    }
    this.#size++;
  }

  socketClosed(socketId: number, timeMs: number): void {
    const flows = this.#bySocket.get(socketId);
    if (flows === undefined) return;
    this.#bySocket.delete(socketId);
    this.#size -= flows.length;
    for (const flow of flows) this.#end(flow, timeMs, 'closed');
  }

  /** Ends what has been silent; `nowNs` is CLOCK_MONOTONIC, the clock of the kernel's counters. */
  sweep(nowNs: number, nowMs: number): void {
    for (const [socketId, flows] of this.#bySocket) {
      const alive = flows.filter((flow) => {
        const value = this.#object.mapLookup(MAP, flow.key);
        const idle =
          value === undefined ||
          nowNs - Number(value.readBigUInt64LE(AT_UDP_FLOW_LAST_NS)) > IDLE_MS * NS_PER_MS;
        if (idle) this.#end(flow, nowMs, 'idle');
        return !idle;
      });
      this.#size -= flows.length - alive.length;
      if (alive.length === 0) this.#bySocket.delete(socketId);
      else if (alive.length < flows.length) this.#bySocket.set(socketId, alive);
    }
  }

  #closeOldest(timeMs: number): void {
    const oldest = this.#bySocket.keys().next();
    if (oldest.done) this.#size = 0;
    else this.socketClosed(oldest.value, timeMs);
  }

  #end(flow: Flow, timeMs: number, reason: EndReason): void {
    const value = this.#object.mapLookup(MAP, flow.key);
    if (value !== undefined) this.#object.mapDelete(MAP, flow.key);
    const stats = value === undefined ? {} : { stats: statsOf(value) };
    this.#emit({ ...flow.first, phase: 'closed', timeMs, reason, ...stats });
  }
}

function keyOf(event: ConnectionEvent): Uint8Array {
  const key = new Uint8Array(SIZE_UDP_KEY);
  const view = new DataView(key.buffer);
  view.setBigUint64(0, BigInt(event.socketId), true);
  const { w0, w1, w2, w3 } = event.remote.ip;
  [w0, w1, w2, w3].forEach((word, index) => {
    view.setUint32(AT_UDP_KEY_REMOTE_IP + index * 4, word, true);
  });
  view.setUint16(AT_UDP_KEY_REMOTE_PORT, event.remote.port, true);
  return key;
}

function statsOf(value: Buffer): ConnectionStats {
  const at = (offset: number): number => Number(value.readBigUInt64LE(offset));
  return {
    bytesSent: at(AT_UDP_FLOW_BYTES_SENT),
    bytesReceived: at(AT_UDP_FLOW_BYTES_RECEIVED),
    segmentsSent: at(AT_UDP_FLOW_PACKETS_SENT),
    segmentsReceived: at(AT_UDP_FLOW_PACKETS_RECEIVED),
    retransmits: 0,
    rttUs: 0,
    minRttUs: 0,
    durationMs: (at(AT_UDP_FLOW_LAST_NS) - at(AT_UDP_FLOW_FIRST_NS)) / NS_PER_MS,
  };
}
