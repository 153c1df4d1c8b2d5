import type { ConversationFacts, DnsFacts, GrpcFacts, HttpFacts } from '../../model/conversation.ts';
import type {
  ConnectionEvent,
  ConnectionStats,
  ContentEvent,
  HttpEvent,
  TelegenEvent,
} from '../../model/event.ts';
import type { LiveFlow } from '../../model/flow.ts';
import type { IpAddress } from '../../model/ip-address.ts';
import type { PacketSample } from '../../model/packets.ts';
import { helloCarrier } from '../../net/content-attributes.ts';
import { ipKey } from '../../net/ip.ts';
import { createBoundedMap } from './bounded-map.ts';
import { observeBounds } from './bounds.ts';
import {
  type Conversation,
  type Conversations,
  createConversations,
  type Observer,
  observerOf,
} from './conversations.ts';
import { createDnsMetrics } from './dns-metrics.ts';
import { isServerError } from './grpc-status.ts';
import { createIdentities, type Identities } from './identity.ts';
import { type Naming, namingSet } from './naming.ts';
import { createPacketMetrics } from './packet-metrics.ts';
import { createRedMetrics, type RedMetrics } from './red-metrics.ts';
import type { Registry } from './registry.ts';
import { createSampleMetrics } from './sample-metrics.ts';
import { weightOf } from './sampling.ts';
import { targetOf } from './target.ts';
import { createTcpMetrics, type TcpMetrics, type TcpSettings } from './tcp-metrics.ts';
import { ToldTotals } from './told-totals.ts';
import { createGraph, type Graph, type SeenRequest } from './topology/graph.ts';
import { createServiceGraph } from './topology/service-graph.ts';
import type { Topology } from './topology/topology.ts';
import { Unsettled } from './unsettled.ts';

export interface AggregatorOptions {
  readonly registry: Registry;
  readonly tcp: TcpSettings;
  readonly naming: Naming;
  /** Window of the topology; infinite for a capture. */
  readonly windowMs: number;
  readonly isInternal: (ip: IpAddress) => boolean;
  /** The route of a request, where it has one. */
  readonly routeOf?: (event: HttpEvent) => string | undefined;
  readonly maxConversations?: number;
  /** Packets are looked into 1 in so many (default: all). */
  readonly packetSampleRate?: number;
}

/** Turns events into metrics and topology. Pure: time comes with events and ticks. */
export interface Aggregator {
  readonly onEvent: (event: TelegenEvent) => void;
  /** Counters of a connection that is open; nothing happens to one that no event told of. */
  readonly onFlow: (flow: LiveFlow) => void;
  /** Heads of packets, each of which stands for `packetSampleRate`. */
  readonly onSample: (sample: PacketSample) => void;
  /** About once a second: settles what has begun, forgets what is over. */
  tick(nowMs: number): void;
  topology(nowMs: number): Topology;
}

/** Some 430 bytes of live heap each (Node 24, measured); the process grows by about 750, as garbage waits. */
const MAX_CONVERSATIONS = 65_536;
/** Both may be on this host, each with a socket of its own. */
const ENDS = 2;
/** Addresses of this host (and of its containers) that clients were seen to use. */
const MAX_LOCAL_ADDRESSES = 4_096;
const EXPIRE_EVERY_MS = 60_000;

/** Registers all metrics that come from events. */
export function createAggregator(options: AggregatorOptions): Aggregator {
  return new Telemetry(options);
}

class Telemetry implements Aggregator {
  readonly #registry: Registry;
  readonly onSample: (sample: PacketSample) => void;
  readonly #identities: Identities;
  readonly #conversations: Conversations;
  readonly #tcp: TcpMetrics | undefined;
  readonly #red: RedMetrics;
  readonly #dns: ReturnType<typeof createDnsMetrics>;
  readonly #serviceGraph: ReturnType<typeof createServiceGraph>;
  readonly #packets: ReturnType<typeof createPacketMetrics>;
  readonly #graph: Graph;
  readonly #clients = createBoundedMap<number | string, true>(MAX_LOCAL_ADDRESSES);
  readonly #told: ToldTotals;
  readonly #sampleRate: number;
  /** Opened since the last tick: which is enough for the other end, if it is ours, to have reported, too. */
  readonly #unsettled = new Unsettled();
  #expiredMs = 0;

  constructor(options: AggregatorOptions) {
    const { registry, tcp, naming, windowMs, isInternal, packetSampleRate = 1 } = options;
    const names = namingSet(naming);
    this.#registry = registry;
    this.#identities = createIdentities(isInternal);
    const max = options.maxConversations ?? MAX_CONVERSATIONS;
    this.#sampleRate = tcp.sampleRate;
    this.#told = new ToldTotals(ENDS * max);
    this.#conversations = createConversations({
      identities: this.#identities,
      max,
      sampleRate: tcp.sampleRate,
      onEvicted: (conversation) => this.#forget(conversation),
    });
    this.#tcp = tcp.enabled
      ? createTcpMetrics({ registry, conversations: this.#conversations, settings: tcp })
      : undefined;
    this.#red = createRedMetrics(registry, names, options.routeOf);
    this.#dns = createDnsMetrics(registry, names);
    this.#packets = createPacketMetrics(registry);
    this.onSample = createSampleMetrics(registry, packetSampleRate);
    this.#serviceGraph = createServiceGraph(registry);
    this.#graph = createGraph({ windowMs });
    observeBounds(registry, {
      conversations: this.#conversations,
      told: this.#told,
      graph: this.#graph,
      sampleRates: { tcp: tcp.sampleRate, xdp: packetSampleRate },
    });
  }

  onEvent = (event: TelegenEvent): void => {
    if (event.kind === 'connection') this.#connection(event);
    else if (event.kind === 'packet_rate' || event.kind === 'probe') this.#packets(event);
    else if ('remote' in event) this.#content(event);
  };

  onFlow = (flow: LiveFlow): void => {
    const slot = this.#told.slotOf(flow.socketId) ?? this.#meet(flow);
    const told = slot === undefined ? undefined : this.#told.told(slot);
    if (slot === undefined || told === undefined) return;
    const growth = this.#told.advance(slot, flow);
    // What it did before telegen is not ours.
    if (flow.isFirst) return;
    const { conversation, isObserver } = told;
    this.#settleIfNew(conversation, flow.timeMs);
    this.#recognise(conversation, flow);
    this.#tcp?.grew(told, growth, flow);
    if (isObserver) this.#graph.grew(conversation, flow.timeMs, growth.bytesSent + growth.bytesReceived);
  };

  tick(nowMs: number): void {
    for (let next = this.#unsettled.one(); next !== undefined; next = this.#unsettled.one())
      this.#settleIfNew(next, nowMs);
    if (nowMs - this.#expiredMs < EXPIRE_EVERY_MS) return;
    this.#expiredMs = nowMs;
    this.#registry.expire(nowMs);
    this.#conversations.expire(nowMs);
    this.#graph.tick(nowMs);
  }

  topology(nowMs: number): Topology {
    this.tick(nowMs);
    return this.#graph.snapshot(nowMs);
  }

  /** The first counters of a connection that an event told of. */
  #meet(flow: LiveFlow) {
    const event = flow.event();
    if (event === undefined) return undefined;
    const conversation = this.#conversations.find(event);
    if (conversation === undefined) return undefined;
    const isObserver = observerOf(event.role) === conversation.observer;
    return this.#told.meet(flow.socketId, {
      conversation,
      isObserver,
      weight: weightOf(event, this.#sampleRate),
    });
  }

  /** At the end of a connection whose counters were told while it was open, only the rest is to be counted. */
  #rest(event: ConnectionEvent): ConnectionEvent {
    const { stats } = event;
    const rest = stats && this.#told.end(event.socketId, stats);
    return rest === undefined ? event : { ...event, stats: { ...stats, ...rest } as ConnectionStats };
  }

  #connection(told: ConnectionEvent): void {
    const event = told.phase === 'closed' && told.transport === 'tcp' ? this.#rest(told) : told;
    const end = observerOf(event.role);
    // An attempt that was given up before it had a port of its own has no two ends yet.
    const conversation = event.local.port === 0 ? undefined : this.#conversations.of(event);
    if (end === 'client') this.#clients.set(ipKey(event.local.ip), true);
    if (conversation !== undefined) this.#phase(event, conversation, end);
    if (event.transport === 'tcp') this.#tcp?.observe(event, conversation);
    if (conversation !== undefined && (event.phase === 'failed' || event.phase === 'closed'))
      this.#ended(event, conversation, end);
  }

  #phase({ phase, transport, timeMs }: ConnectionEvent, conversation: Conversation, end: Observer): void {
    const isOpen =
      phase === 'established' || phase === 'accepted' || (phase === 'attempted' && transport === 'udp');
    if (isOpen) {
      this.#conversations.opened(conversation, end, 'established');
      if (end === conversation.observer) this.#unsettled.add(conversation);
    } else if (phase === 'attempted') this.#conversations.opened(conversation, end, 'connecting');
    else if (phase === 'closed') this.#settleIfNew(conversation, timeMs);
  }

  #ended(event: ConnectionEvent, conversation: Conversation, end: Observer): void {
    const { phase, timeMs, stats } = event;
    if (end === conversation.observer) {
      this.#unsettled.remove(conversation);
      this.#recognise(conversation, event);
      if (phase === 'failed') this.#graph.failed(conversation, timeMs);
      else this.#graph.closed(conversation, timeMs, stats);
      this.#tcp?.forgotten(conversation);
    }
    this.#conversations.closed(conversation, end);
  }

  #recognise(
    conversation: Conversation,
    { spoken, timeMs }: Pick<ConnectionEvent, 'spoken' | 'timeMs'>,
  ): void {
    if (spoken !== undefined && conversation.spoken === undefined)
      this.#graph.recognised(conversation, spoken, timeMs);
  }

  #settleIfNew(conversation: Conversation, nowMs: number): void {
    if (!this.#unsettled.remove(conversation)) return;
    this.#graph.settled(conversation, nowMs);
    if (conversation.transport === 'tcp') this.#tcp?.settled(conversation, nowMs);
  }

  #forget(conversation: Conversation): void {
    this.#unsettled.remove(conversation);
    this.#graph.forgotten(conversation);
    this.#tcp?.forgotten(conversation);
  }

  #content(event: ContentEvent): void {
    const conversation = this.#conversations.spokenIn(event);
    this.#settleIfNew(conversation, event.timeMs);
    const side = observerOf(event.role);
    const ends = endsOf(conversation, side);
    if (event.kind === 'tls') {
      if (side === conversation.observer)
        this.#graph.speaks(conversation, helloCarrier(event.tls) ?? 'tls', event.timeMs);
      return;
    }
    if (event.kind === 'http') this.#red.http(event, ends);
    else if (event.kind === 'grpc') this.#red.grpc(event, ends);
    else {
      if (event.dns.outcome === 'unasked') return;
      if (!this.#isToldTwice(event, side)) this.#dns(event);
    }
    const request = requestOf(event);
    this.#serviceGraph(conversation, side, request);
    if (side === conversation.observer) this.#graph.request(conversation, request);
  }

  /** A query that a resolver on this host received from a client on this host: the client tells it as well. */
  #isToldTwice({ remote, local, role }: ConversationFacts, side: Observer): boolean {
    if (side === 'client') this.#clients.set(ipKey(local.ip), true);
    return role === 'server' && this.#clients.get(ipKey(remote.ip)) !== undefined;
  }
}

function endsOf(conversation: Conversation, side: Observer) {
  const source = conversation.source.id;
  const target = targetOf(conversation).id;
  return side === 'server'
    ? { side, service: target, peer: source }
    : { side, service: source, peer: target };
}

function requestOf(event: Exclude<ContentEvent, { kind: 'tls' }>): SeenRequest {
  const { timeMs } = event;
  switch (event.kind) {
    case 'http':
      return { protocol: 'http', timeMs, isError: httpFailed(event.http), latencyMs: event.http.durationMs };
    case 'grpc':
      return {
        protocol: 'grpc',
        timeMs,
        isError: grpcFailed(event.grpc),
        latencyMs: event.grpc.http.durationMs,
      };
    default:
      return { protocol: 'dns', timeMs, isError: dnsFailed(event.dns), latencyMs: event.dns.latencyMs };
  }
}

const httpFailed = ({ statusCode }: HttpFacts): boolean => statusCode === undefined || statusCode >= 500;
const grpcFailed = ({ statusCode }: GrpcFacts): boolean => isServerError(statusCode);
/** That a name does not exist is an answer; of a question alone nothing is known. */
const dnsFailed = ({ outcome, responseCode }: DnsFacts): boolean =>
  outcome === 'timeout' ||
  (responseCode !== undefined && responseCode !== 'NOERROR' && responseCode !== 'NXDOMAIN');
