import type { ConnectionEvent, ConnectionStats, EndReason } from '../../model/event.ts';
import { ipKey } from '../../net/ip.ts';
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

/** How many are looked at to find one that is silent. */
const EVICTION_TRIES = 64;

interface Flow {
  readonly first: ConnectionEvent;
  /** Last datagram when it was queued anew; CLOCK_MONOTONIC, 0 before that. */
  queuedNs: bigint;
}

/**
 * UDP has no end of its own: a conversation ends with its socket, or after a minute of silence. The kernel counts,
 * this remembers which conversations there are, and reads and removes the counters at the end. Without room the one
 * longest silent ends, for an unknown reason.
 */
export class UdpFlows {
  readonly #object: BpfObject;
  readonly capacity: number;
  readonly #emit: (event: ConnectionEvent) => void;
  /** By socket and peer; insertion order is the order of eviction. */
  readonly #flows = new Map<string, Flow>();
  /** Names of a socket's conversations in #flows; nearly always it has one. */
  readonly #bySocket = new Map<number, string | Set<string>>();

  constructor(object: BpfObject, capacity: number, emit: (event: ConnectionEvent) => void) {
    this.#object = object;
    this.capacity = capacity;
    this.#emit = emit;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** Call for the first event of a conversation. */
  opened(first: ConnectionEvent): void {
    const name = nameOf(first);
    const known = this.#flows.has(name);
    if (!known && this.#flows.size >= this.capacity) this.#makeRoom(first.timeMs);
    // The kernel's map is an LRU: a conversation that fell out of it starts again.
    this.#flows.set(name, { first, queuedNs: 0n });
    if (known) return;
    const { socketId } = first;
    const names = this.#bySocket.get(socketId);
    if (names === undefined) this.#bySocket.set(socketId, name);
    else if (typeof names === 'string') this.#bySocket.set(socketId, new Set([names, name]));
    else names.add(name);
  }

  socketClosed(socketId: number, timeMs: number): void {
    const names = this.#bySocket.get(socketId);
    if (names === undefined) return;
    for (const name of typeof names === 'string' ? [names] : [...names]) {
      const flow = this.#flows.get(name);
      if (flow !== undefined)
        this.#end(name, flow, { timeMs, reason: 'closed', value: this.#counters(flow) });
    }
  }

  /** Ends what has been silent; `nowNs` is CLOCK_MONOTONIC, the clock of the kernel's counters. */
  sweep(nowNs: number, nowMs: number): void {
    for (const [name, flow] of this.#flows) {
      const value = this.#counters(flow);
      if (value === undefined) this.#end(name, flow, { timeMs: nowMs, reason: 'unknown', value });
      else if (nowNs - Number(lastNsOf(value)) > IDLE_MS * NS_PER_MS)
        this.#end(name, flow, { timeMs: nowMs, reason: 'idle', value });
    }
  }

  /** Of those queued first, ends one that has been silent since; the others queue again. */
  #makeRoom(timeMs: number): void {
    let tries = 0;
    for (const [name, flow] of this.#flows) {
      const value = this.#counters(flow);
      if (value === undefined || isSilent(flow, value) || ++tries === EVICTION_TRIES) {
        this.#end(name, flow, { timeMs, reason: 'unknown', value });
        return;
      }
      flow.queuedNs = lastNsOf(value);
      this.#flows.delete(name);
      this.#flows.set(name, flow);
    }
  }

  #counters({ first }: Flow): Buffer | undefined {
    return this.#object.mapLookup(MAP, keyOf(first));
  }

  #end(name: string, { first }: Flow, { timeMs, reason, value }: End): void {
    this.#flows.delete(name);
    const names = this.#bySocket.get(first.socketId);
    if (typeof names !== 'string') names?.delete(name);
    if (typeof names === 'string' || names?.size === 0) this.#bySocket.delete(first.socketId);
    if (value !== undefined) this.#object.mapDelete(MAP, keyOf(first));
    const stats = value === undefined ? {} : { stats: statsOf(value) };
    this.#emit({ ...first, phase: 'closed', timeMs, reason, ...stats });
  }
}

interface End {
  readonly timeMs: number;
  readonly reason: EndReason;
  /** The kernel's counters, if it still has them. */
  readonly value: Buffer | undefined;
}

const nameOf = ({ socketId, remote }: ConnectionEvent): string =>
  `${socketId} ${remote.port} ${ipKey(remote.ip)}`;

/** Since it was queued, or since its first datagram, which the kernel times twice. */
function isSilent({ queuedNs }: Flow, value: Buffer): boolean {
  const sinceNs = queuedNs === 0n ? value.readBigUInt64LE(AT_UDP_FLOW_FIRST_NS) : queuedNs;
  return lastNsOf(value) - sinceNs < BigInt(NS_PER_MS);
}

const lastNsOf = (value: Buffer): bigint => value.readBigUInt64LE(AT_UDP_FLOW_LAST_NS);

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
