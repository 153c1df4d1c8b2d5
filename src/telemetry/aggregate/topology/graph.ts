import type { ConnectionStats } from '../../../model/event.ts';
import type { ServiceProtocol } from '../../../model/service-protocol.ts';
import type { Conversation } from '../conversations.ts';
import { knownOf } from '../target.ts';
import { createEdges, type Edge, type Edges } from './edges.ts';
import type { Topology, TopologyEdge, TopologyNode } from './topology.ts';
import { addTally, emptyTally, type Tally } from './window.ts';

/** One request that was decoded. */
export interface SeenRequest {
  readonly protocol: 'http' | 'grpc' | 'dns';
  readonly isError: boolean;
  readonly latencyMs: number | undefined;
  readonly timeMs: number;
}

/** Builds the map of who talks to whom out of conversations; each counts on one edge, whichever ends are ours. */
export interface Graph {
  /** A conversation whose two ends are known as well as they will be. */
  settled(conversation: Conversation, nowMs: number): void;
  request(conversation: Conversation, request: SeenRequest): void;
  /** What a conversation speaks without its requests being decoded, such as `tls`. */
  speaks(conversation: Conversation, protocol: string, nowMs: number): void;
  /** First bytes have told a store, cache or broker: `spoken` of the conversation is set by it. */
  recognised(conversation: Conversation, protocol: ServiceProtocol, nowMs: number): void;
  failed(conversation: Conversation, nowMs: number): void;
  /** More payload in a conversation that goes on. */
  grew(conversation: Conversation, nowMs: number, bytes: number): void;
  /** `stats`: what was not yet told by `grew`. */
  closed(conversation: Conversation, nowMs: number, stats: ConnectionStats | undefined): void;
  /** Forgotten before its end was seen. */
  forgotten(conversation: Conversation): void;
  tick(nowMs: number): void;
  /** Nodes and edges, sorted by name. */
  snapshot(nowMs: number): Topology;
  readonly edges: Pick<Edges, 'size' | 'folded'>;
}

export interface GraphOptions {
  /** How far back rates look; infinite for a capture, which is looked at as a whole. */
  readonly windowMs: number;
  readonly maxEdges?: number;
}

const DEFAULT_MAX_EDGES = 5_000;
const NOTHING: Readonly<Tally> = emptyTally();
const ONE_REQUEST: Readonly<Tally> = { ...NOTHING, requests: 1 };
const ONE_FAILURE: Readonly<Tally> = { ...NOTHING, requests: 1, errors: 1 };

/** What a conversation has added to its edge by itself, its decoded requests apart. */
export interface Bound {
  edge: Edge;
  isOpen: boolean;
  /** Epoch seconds: a small integer needs no object of its own. */
  readonly sinceS: number;
  /** Shared by all that have added the same little. */
  added: Readonly<Tally>;
}

/** Creates an empty graph. */
export function createGraph(options: GraphOptions): Graph {
  return new ServiceMap(options);
}

class ServiceMap implements Graph {
  readonly edges: Edges;
  readonly #windowMs: number;
  #beganMs: number | undefined;
  #lastMs = 0;

  constructor({ windowMs, maxEdges = DEFAULT_MAX_EDGES }: GraphOptions) {
    this.#windowMs = windowMs;
    this.edges = createEdges(windowMs, maxEdges);
  }

  settled(conversation: Conversation, nowMs: number): void {
    this.#saw(nowMs);
    if (conversation.bound?.isOpen === true) return;
    const edge = this.edges.of(conversation, protocolOf(conversation));
    edge.open += 1;
    const bound = { edge, isOpen: true, sinceS: Math.floor(nowMs / 1000), added: ONE_REQUEST };
    conversation.bound = bound;
    edge.window.add(nowMs, ONE_REQUEST);
  }

  request(conversation: Conversation, { protocol, isError, latencyMs, timeMs }: SeenRequest): void {
    this.#saw(timeMs);
    this.speaks(conversation, protocol, timeMs);
    const { bound } = conversation;
    // It need not stand for a request itself any more.
    if (bound !== undefined && bound.added.requests > 0) {
      const { bytes } = this.#takeBack(bound, timeMs);
      bound.edge.window.addBytes(timeMs, bytes);
      if (bytes !== 0) ownTally(bound).bytes += bytes;
    }
    const edge = bound?.edge.protocol === protocol ? bound.edge : this.edges.of(conversation, protocol);
    edge.window.addRequest(timeMs, isError, latencyMs);
  }

  speaks(conversation: Conversation, protocol: string, nowMs: number): void {
    if (conversation.bound?.edge.protocol === conversation.transport)
      this.#move(conversation, protocol, nowMs);
  }

  recognised(conversation: Conversation, protocol: ServiceProtocol, nowMs: number): void {
    const isGuess = conversation.bound?.edge.protocol === protocolOf(conversation);
    conversation.spoken = protocol;
    // What was decoded, such as HTTP, says more.
    if (isGuess) this.#move(conversation, protocol, nowMs);
  }

  grew(conversation: Conversation, nowMs: number, bytes: number): void {
    this.#saw(nowMs);
    const { bound } = conversation;
    if (bound === undefined || bytes === 0) return;
    ownTally(bound).bytes += bytes;
    bound.edge.window.addBytes(nowMs, bytes);
  }

  #move(conversation: Conversation, protocol: string, nowMs: number): void {
    const { bound } = conversation;
    if (bound === undefined) return;
    const added = this.#takeBack(bound, nowMs);
    if (bound.isOpen) bound.edge.open -= 1;
    bound.edge = this.edges.of(conversation, protocol);
    if (bound.isOpen) bound.edge.open += 1;
    bound.edge.window.add(nowMs, added);
    bound.added = added;
  }

  failed(conversation: Conversation, nowMs: number): void {
    this.#saw(nowMs);
    this.edges.of(conversation, protocolOf(conversation)).window.add(nowMs, ONE_FAILURE);
    this.forgotten(conversation);
  }

  closed(conversation: Conversation, nowMs: number, stats: ConnectionStats | undefined): void {
    this.#saw(nowMs);
    const { bound } = conversation;
    if (bound !== undefined && stats !== undefined) {
      const isTimed = bound.added.requests > 0 && stats.rttUs > 0;
      this.#add(bound, nowMs, {
        requests: 0,
        errors: 0,
        latencyMs: isTimed ? stats.rttUs / 1000 : 0,
        timed: isTimed ? 1 : 0,
        bytes: stats.bytesSent + stats.bytesReceived,
      });
    }
    this.forgotten(conversation);
  }

  forgotten(conversation: Conversation): void {
    const { bound } = conversation;
    if (bound?.isOpen !== true) return;
    bound.isOpen = false;
    bound.edge.open -= 1;
  }

  tick(nowMs: number): void {
    this.edges.prune(nowMs);
  }

  snapshot(nowMs: number): Topology {
    const beganMs = this.#beganMs ?? nowMs;
    const endMs = Number.isFinite(this.#windowMs) ? nowMs : this.#lastMs;
    const seconds = Math.max(1, Math.min(this.#windowMs, endMs - beganMs) / 1000);
    const nodes = new Map<string, TopologyNode>();
    const edges: TopologyEdge[] = [];
    for (const edge of this.edges.all()) {
      const found = describe(edge, nowMs, seconds);
      if (found === undefined) continue;
      edges.push(found);
      for (const { id, type, attributes } of [edge.source, edge.target]) {
        const known = nodes.get(id);
        // As a client a database is a process like any other; as a server its port says what it is.
        if (known === undefined || known.type === 'process') nodes.set(id, { id, type, attributes });
      }
    }
    return { nodes: [...nodes.values()].toSorted(byNode), edges: edges.toSorted(byEdge) };
  }

  #saw(timeMs: number): void {
    this.#beganMs = Math.min(this.#beganMs ?? timeMs, timeMs);
    this.#lastMs = Math.max(this.#lastMs, timeMs);
  }

  #add(bound: Bound, nowMs: number, what: Readonly<Tally>): void {
    bound.edge.window.add(nowMs, what);
    addTally(ownTally(bound), what);
  }

  /** Gives what the conversation had added, as if it had not; what has left the window is gone anyway. */
  #takeBack(bound: Bound, nowMs: number): Readonly<Tally> {
    const { added } = bound;
    bound.added = NOTHING;
    if (nowMs - bound.sinceS * 1000 >= this.#windowMs) return NOTHING;
    bound.edge.window.subtract(nowMs, added);
    return added;
  }
}

function ownTally(bound: Bound): Tally {
  const own: Tally =
    bound.added === ONE_REQUEST || bound.added === NOTHING ? { ...bound.added } : bound.added;
  bound.added = own;
  return own;
}

/** By first bytes or the port, until content says more. */
const protocolOf = (conversation: Conversation): string =>
  knownOf(conversation)?.protocol ?? conversation.transport;

function describe(edge: Edge, nowMs: number, seconds: number): TopologyEdge | undefined {
  const { requests, errors, latencyMs, timed, bytes } = edge.window.total(nowMs);
  if (edge.open <= 0 && requests <= 0 && bytes === 0) return undefined;
  return {
    source: edge.source.id,
    target: edge.target.id,
    attributes: {
      protocol: edge.protocol,
      requests_per_second: rounded(Math.max(0, requests) / seconds),
      ...(timed > 0 ? { avg_latency_ms: rounded(latencyMs / timed) } : {}),
      error_rate: requests > 0 ? rounded(Math.min(1, errors / requests)) : 0,
      bytes,
    },
  };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byNode = (a: TopologyNode, b: TopologyNode): number => compare(a.id, b.id);
const byEdge = (a: TopologyEdge, b: TopologyEdge): number =>
  compare(a.source, b.source) ||
  compare(a.target, b.target) ||
  compare(a.attributes.protocol, b.attributes.protocol);
