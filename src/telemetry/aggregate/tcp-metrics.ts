import type { ConnectionEvent, ConnectionStats } from '../../model/event.ts';
import type { LiveFlow } from '../../model/flow.ts';
import { plainIp } from '../../net/compact-ip.ts';
import { createIpTexts } from '../../net/ip-texts.ts';
import { type Conversation, type Conversations, observerOf } from './conversations.ts';
import { type Count, counter, histogram, type Measure } from './instruments.ts';
import { OTHER } from './label-values.ts';
import { closed, open } from './metric.ts';
import type { Registry } from './registry.ts';
import { weightOf } from './sampling.ts';
import type { Series, SeriesTable } from './series-table.ts';
import { targetOf } from './target.ts';
import { FLOW, FLOW_LABELS, HOST } from './tcp-specs.ts';
import type { Growth, Told } from './told-totals.ts';

/** `agent.network.tcp`. */
export interface TcpSettings {
  readonly enabled: boolean;
  readonly rtt: boolean;
  readonly retransmits: boolean;
  readonly connectionTracking: boolean;
  readonly sampleRate: number;
}

/** What connections do, per flow and for the whole host. */
export interface TcpMetrics {
  /** A conversation whose two ends are known as well as they will be. */
  settled(conversation: Conversation, nowMs: number): void;
  /** Any phase of any TCP connection; `conversation` is absent where the two ends are not known. */
  observe(event: ConnectionEvent, conversation: Conversation | undefined): void;
  /** What an open connection did since it was last told of. */
  grew(told: Told, growth: Growth, flow: RoundTrip): void;
  /** A conversation was forgotten before its end was seen. */
  forgotten(conversation: Conversation): void;
}

/** What is counted of one flow. */
export interface Flow {
  rttUs: number | undefined;
  retransmits: number;
  opened: number;
  open: number;
  bytesSent: number;
  bytesReceived: number;
}

const NO_VALUES: readonly string[] = [];
/** Pairs of client and server told apart by `telegen_tcp_connections`; further ones fold into `~other`. */
const MAX_PAIRS = 1_000;
/** Ends of connections that count as errors even if the connection was open before. */
const BROKEN: readonly string[] = ['reset', 'timeout'];
const ERROR_TYPES = ['refused', 'timeout', 'unreachable', 'reset', 'aborted'];

const createFlow = (): Flow => ({
  rttUs: undefined,
  retransmits: 0,
  opened: 0,
  open: 0,
  bytesSent: 0,
  bytesReceived: 0,
});

const NOTHING: Growth = { bytesSent: 0, bytesReceived: 0, segmentsSent: 0, retransmits: 0 };
type RoundTrip = Pick<LiveFlow, 'timeMs' | 'rttUs'>;

export interface TcpMetricsParts {
  readonly registry: Registry;
  readonly conversations: Conversations;
  readonly settings: TcpSettings;
}

/** Registers the TCP metrics that the settings switch on. */
export function createTcpMetrics(parts: TcpMetricsParts): TcpMetrics {
  return new Tcp(parts);
}

class Tcp implements TcpMetrics {
  readonly #sampleRate: number;
  readonly #flows: SeriesTable<Flow>;
  readonly #textOf = createIpTexts();
  readonly #rtt: Measure | undefined;
  readonly #retransmits: Count | undefined;
  readonly #segments: Count | undefined;
  readonly #errors: Count | undefined;

  constructor({ registry, conversations, settings }: TcpMetricsParts) {
    const { rtt, retransmits, connectionTracking: tracking } = settings;
    this.#sampleRate = settings.sampleRate;
    this.#flows = flowTable(registry, settings);
    this.#rtt = rtt ? histogram(registry, HOST.rtt) : undefined;
    this.#retransmits = retransmits ? counter(registry, HOST.retransmits) : undefined;
    this.#segments = retransmits ? counter(registry, HOST.segments) : undefined;
    const errors = { labels: [closed('error_type')], from: ERROR_TYPES.map((type) => [type]) };
    this.#errors = tracking ? counter(registry, HOST.errors, errors) : undefined;
    if (!tracking) return;
    registry.observe({
      spec: HOST.connections,
      labels: [closed('state'), open('client'), open('server')],
      read: () => connectionsByPair(conversations),
    });
  }

  settled(conversation: Conversation, nowMs: number): void {
    if (conversation.weight === 0 || conversation.flow !== undefined) return;
    const flow = this.#flowOf(conversation, nowMs);
    flow.state.opened += conversation.weight;
    flow.state.open += conversation.weight;
    conversation.flow = flow;
  }

  observe(event: ConnectionEvent, conversation: Conversation | undefined): void {
    const { phase, timeMs, reason = 'unknown', stats, handshakeRttUs = 0 } = event;
    const weight = weightOf(event, this.#sampleRate);
    if (weight > 0) {
      if (handshakeRttUs > 0) this.#rtt?.(NO_VALUES, timeMs, { value: handshakeRttUs / 1e6, weight });
      if (phase === 'failed' || (phase === 'closed' && BROKEN.includes(reason)))
        this.#errors?.([reason], timeMs, weight);
      if (stats !== undefined && phase !== 'failed') this.#host(stats, timeMs, weight);
    }
    if (conversation === undefined || conversation.weight === 0) return;
    if (observerOf(event.role) === conversation.observer) this.#flow(event, conversation);
  }

  grew({ conversation, isObserver, weight }: Told, growth: Growth, { timeMs, rttUs }: RoundTrip): void {
    if (weight > 0) {
      if (rttUs > 0) this.#rtt?.(NO_VALUES, timeMs, { value: rttUs / 1e6, weight });
      this.#retransmits?.(NO_VALUES, timeMs, growth.retransmits * weight);
      this.#segments?.(NO_VALUES, timeMs, growth.segmentsSent * weight);
    }
    if (isObserver && conversation.weight > 0) this.#add(conversation, growth, { timeMs, rttUs });
  }

  forgotten(conversation: Conversation): void {
    const { flow } = conversation;
    if (flow === undefined) return;
    flow.state.open -= conversation.weight;
    conversation.flow = undefined;
  }

  #host(stats: ConnectionStats, timeMs: number, weight: number): void {
    if (stats.rttUs > 0) this.#rtt?.(NO_VALUES, timeMs, { value: stats.rttUs / 1e6, weight });
    this.#retransmits?.(NO_VALUES, timeMs, stats.retransmits * weight);
    this.#segments?.(NO_VALUES, timeMs, stats.segmentsSent * weight);
  }

  #flow(event: ConnectionEvent, conversation: Conversation): void {
    const { phase, stats, handshakeRttUs = 0, timeMs } = event;
    const isEnd = phase === 'closed' && stats !== undefined;
    if (isEnd) this.#add(conversation, stats, { timeMs, rttUs: stats.rttUs || handshakeRttUs });
    else if (handshakeRttUs > 0) this.#add(conversation, NOTHING, { timeMs, rttUs: handshakeRttUs });
  }

  #add(conversation: Conversation, growth: Growth, { timeMs, rttUs }: RoundTrip): void {
    const { weight, observer } = conversation;
    const { state } = conversation.flow ?? this.#flowOf(conversation, timeMs);
    if (rttUs > 0) state.rttUs = rttUs;
    const { bytesSent, bytesReceived, retransmits } = growth;
    const isClient = observer === 'client';
    state.bytesSent += (isClient ? bytesSent : bytesReceived) * weight;
    state.bytesReceived += (isClient ? bytesReceived : bytesSent) * weight;
    state.retransmits += retransmits * weight;
  }

  #flowOf(conversation: Conversation, nowMs: number): Series<Flow> {
    const { clientIp, serverIp, serverPort, source, service } = conversation;
    const values = [
      this.#textOf(plainIp(clientIp)),
      this.#textOf(plainIp(serverIp)),
      String(serverPort),
      source.pod ?? '',
      service,
    ];
    return this.#flows.at(values, nowMs);
  }
}

function flowTable(registry: Registry, settings: TcpSettings): SeriesTable<Flow> {
  const { rtt, retransmits, connectionTracking: tracking } = settings;
  return registry.table<Flow>({ labels: FLOW_LABELS, create: createFlow, isBusy: (flow) => flow.open > 0 }, [
    ...(tracking ? [{ spec: FLOW.open, read: (flow: Flow) => flow.open }] : []),
    ...(tracking ? [{ spec: FLOW.opened, read: (flow: Flow) => flow.opened }] : []),
    { spec: FLOW.bytesSent, read: (flow) => flow.bytesSent },
    { spec: FLOW.bytesReceived, read: (flow) => flow.bytesReceived },
    ...(retransmits ? [{ spec: FLOW.retransmits, read: (flow: Flow) => flow.retransmits }] : []),
    ...(rtt ? [{ spec: FLOW.rtt, read: (flow: Flow) => flow.rttUs }] : []),
  ]);
}

/** Counted when asked for: only then are both ends named as well as they can be. */
function connectionsByPair(conversations: Conversations): Iterable<readonly [readonly string[], number]> {
  const pairs = new Map<string, [readonly string[], number]>();
  const idle = new Set(['connecting', 'established']);
  conversations.each((conversation) => {
    const { transport, state, source, weight } = conversation;
    if (transport !== 'tcp' || weight === 0) return;
    idle.delete(state);
    const target = targetOf(conversation).id;
    const own = `${state}\n${source.id}\n${target}`;
    const isFull = pairs.size >= MAX_PAIRS && !pairs.has(own);
    const [key, ends] = isFull ? [`${state}\n${OTHER}`, [OTHER, OTHER]] : [own, [source.id, target]];
    const pair = pairs.get(key);
    if (pair === undefined) pairs.set(key, [[state, ...ends], weight]);
    else pair[1] += weight;
  });
  for (const state of idle) pairs.set(state, [[state, '', ''], 0]);
  return pairs.values();
}
