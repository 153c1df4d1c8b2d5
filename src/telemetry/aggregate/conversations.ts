import type { ConversationFacts } from '../../model/conversation.ts';
import { IdMap } from '../../model/id-map.ts';
import type { Endpoint } from '../../model/ip-address.ts';
import { SlotMap } from '../../model/slot-map.ts';
import { compactIp, isSameIp } from '../../net/compact-ip.ts';
import { type Conversation, type ConversationState, type Observer, observerOf } from './conversation.ts';
import { type Parts, partsOf, serviceKey } from './conversation-key.ts';
import type { Identities } from './identity.ts';
import { type Linked, Recency } from './recency.ts';
import { weightOf } from './sampling.ts';
import { SETTLED } from './unsettled.ts';

export { type Conversation, type ConversationState, type Observer, observerOf } from './conversation.ts';

interface Kept extends Conversation, Linked<Kept> {
  readonly key: string;
  readonly clientPort: number;
  /** By which the other end finds it when the address of a service may stand for that end here. */
  readonly viaService: string | undefined;
  /** Sockets that told of it; 0 for an end that did not, or that has no identity. */
  clientSocket: number;
  serverSocket: number;
  /** Which ends hold it open, of those on this host: the sum of their bits. */
  openEnds: number;
  /** All of its ends have closed. */
  over: boolean;
}

export interface ConversationsOptions {
  readonly identities: Identities;
  /** Conversations remembered at once; the one longest silent makes room. */
  readonly max: number;
  /** 1 in N for TCP metrics. */
  readonly sampleRate: number;
  /** No room: what was counted as open for it must be taken back. */
  readonly onEvicted: (conversation: Conversation) => void;
}

/** All conversations that are open, by their two ends. */
export interface Conversations {
  /** The conversation of an event of its life, made when it is not open. */
  of(facts: ConversationFacts): Conversation;
  /** The conversation of something said in it, also when it has just ended. */
  spokenIn(facts: ConversationFacts): Conversation;
  /** The conversation of a socket, if it is open; it counts as heard of. */
  find(facts: ConversationFacts): Conversation | undefined;
  /** One end has opened it. */
  opened(conversation: Conversation, end: Observer, state: ConversationState): void;
  /** One end has closed; the conversation is forgotten with its last. */
  closed(conversation: Conversation, end: Observer): void;
  /** Forgets those that no end holds open and that were silent for a while. */
  expire(nowMs: number): void;
  /** Those that some end holds open. */
  each(visit: (conversation: Conversation) => void): void;
  readonly size: number;
  readonly evicted: number;
}

/** For what was said without the opening having been seen (seconds of silence). */
const LINGER_S = 30;
const secondsOf = (ms: number): number => Math.floor(ms / 1000);
/** Conversations that ended last: what was said in them can become known a moment later. */
const MAX_ENDED = 2_048;

const BIT: Readonly<Record<Observer, number>> = { client: 1, server: 2 };

/** Creates an empty table. */
export function createConversations(options: ConversationsOptions): Conversations {
  return new Table(options);
}

class Table implements Conversations {
  readonly #options: ConversationsOptions;
  readonly #kept = new SlotMap<string, Kept>();
  readonly #recency = new Recency<Kept>();
  readonly #ended = new SlotMap<string, Kept>();
  readonly #endedRecency = new Recency<Kept>();
  /** TCP only: a UDP socket may hold many conversations. Those that have ended are in it, too. */
  readonly #bySocket = new IdMap<Kept>();
  /** Conversations with a service, by their client: the pod behind it tells of them under its own address. */
  readonly #viaService = new SlotMap<string, Kept>();
  #evicted = 0;

  constructor(options: ConversationsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  get evicted(): number {
    return this.#evicted;
  }

  of(facts: ConversationFacts): Conversation {
    const known = this.#atSocket(facts);
    if (known !== undefined && !known.over) return this.#touched(known, facts);
    const parts = partsOf(facts);
    return this.#known(parts) ?? this.#add(parts);
  }

  spokenIn(facts: ConversationFacts): Conversation {
    const known = this.#atSocket(facts);
    if (known !== undefined) return known.over ? known : this.#touched(known, facts);
    const parts = partsOf(facts);
    return this.#known(parts) ?? this.#ended.get(parts.key) ?? this.#add(parts);
  }

  find(facts: ConversationFacts): Conversation | undefined {
    const known = this.#atSocket(facts);
    if (known !== undefined) return known.over ? undefined : this.#touched(known, facts);
    return this.#known(partsOf(facts));
  }

  opened(conversation: Conversation, end: Observer, state: ConversationState): void {
    const kept = conversation as Kept;
    if (kept.over) return;
    kept.openEnds |= BIT[end];
    if (end === kept.observer) kept.state = state;
  }

  closed(conversation: Conversation, end: Observer): void {
    const kept = conversation as Kept;
    if (kept.over) return;
    kept.openEnds &= ~BIT[end];
    if (kept.openEnds > 0) return;
    this.#remove(kept);
    this.#remember(kept);
  }

  expire(nowMs: number): void {
    for (const kept of this.#kept.values()) {
      if (kept.openEnds !== 0 || secondsOf(nowMs) - kept.lastS <= LINGER_S) continue;
      this.#remove(kept);
      this.#forgetSockets(kept);
    }
  }

  each(visit: (conversation: Conversation) => void): void {
    for (const kept of this.#kept.values()) if (kept.openEnds > 0) visit(kept);
  }

  /** A socket can connect anew after it failed. */
  #atSocket({ transport, socketId, role, local, remote }: ConversationFacts): Kept | undefined {
    if (transport !== 'tcp' || socketId === 0) return undefined;
    const kept = this.#bySocket.get(socketId);
    if (kept === undefined) return undefined;
    const [client, server] = role === 'server' ? [remote, local] : [local, remote];
    const isClient = kept.clientPort === client.port && isSameIp(kept.clientIp, client.ip);
    const isServer = kept.serverPort === server.port && isSameIp(kept.serverIp, server.ip);
    // The server behind a service has another address than its client asked.
    return isClient && (isServer || (role === 'server' && kept.viaService)) ? kept : undefined;
  }

  #touched(known: Kept, facts: ConversationFacts): Kept {
    this.#recency.touch(known);
    known.lastS = secondsOf(facts.timeMs);
    const side = observerOf(facts.role);
    if (side !== known.observer) this.#identify(known, facts, side);
    return known;
  }

  #known({ key, facts, side, client }: Parts): Conversation | undefined {
    const known = this.#kept.get(key) ?? (side === 'server' ? this.#asked(facts, client) : undefined);
    if (known === undefined) return undefined;
    this.#bind(known, facts, side);
    return this.#touched(known, facts);
  }

  /** What a client of this host opened with the service that this server stands behind. */
  #asked({ service, transport }: ConversationFacts, client: Endpoint): Kept | undefined {
    if (service === undefined || this.#viaService.size === 0) return undefined;
    return this.#viaService.get(serviceKey(service, transport, client));
  }

  #bind(kept: Kept, { transport, socketId }: ConversationFacts, side: Observer): void {
    if (transport !== 'tcp' || socketId === 0) return;
    if (side === 'client') kept.clientSocket = socketId;
    else kept.serverSocket = socketId;
    this.#bySocket.set(socketId, kept);
  }

  #add(parts: Parts): Conversation {
    const { key, facts, side, client, server } = parts;
    const { identities, max, sampleRate } = this.#options;
    const local = identities.local(facts);
    const mine = local ?? identities.address(facts.local);
    const other = identities.remote(facts);
    if (side === 'server' && local !== undefined) identities.serves(server, local);
    const { service } = facts;
    const viaService =
      side === 'client' && service !== undefined ? serviceKey(service, facts.transport, client) : undefined;
    const kept: Kept = {
      key,
      viaService,
      transport: facts.transport,
      clientIp: compactIp(client.ip),
      clientPort: client.port,
      serverIp: compactIp(server.ip),
      serverPort: server.port,
      clientSocket: 0,
      serverSocket: 0,
      observer: side,
      weight: weightOf(facts, sampleRate),
      state: 'connecting',
      spoken: undefined,
      source: side === 'client' ? mine : other,
      target: side === 'client' ? other : mine,
      service: service?.name ?? '',
      lastS: secondsOf(facts.timeMs),
      flow: undefined,
      bound: undefined,
      unsettledAt: SETTLED,
      openEnds: 0,
      over: false,
      older: undefined,
      newer: undefined,
    };
    this.#kept.add(key, kept);
    if (viaService !== undefined) this.#viaService.set(viaService, kept);
    this.#recency.add(kept);
    this.#bind(kept, facts, side);
    if (this.#kept.size > max) this.#evictOldest();
    return kept;
  }

  #identify(kept: Kept, facts: ConversationFacts, side: Observer): void {
    const { identities } = this.#options;
    if (kept.service === '' && facts.service !== undefined) kept.service = facts.service.name;
    const local = identities.local(facts);
    if (local === undefined) return;
    if (side === 'server') {
      identities.serves(facts.local, local);
      kept.target = local;
    } else kept.source = local;
  }

  #evictOldest(): void {
    const { oldest } = this.#recency;
    if (oldest === undefined) return;
    this.#remove(oldest);
    this.#forgetSockets(oldest);
    this.#evicted += 1;
    this.#options.onEvicted(oldest);
  }

  #remove(kept: Kept): void {
    this.#kept.delete(kept.key);
    this.#recency.remove(kept);
    kept.over = true;
    const { viaService: via } = kept;
    if (via !== undefined && this.#viaService.get(via) === kept) this.#viaService.delete(via);
  }

  #remember(kept: Kept): void {
    this.#ended.set(kept.key, kept);
    this.#endedRecency.add(kept);
    if (this.#ended.size <= MAX_ENDED) return;
    const { oldest } = this.#endedRecency;
    if (oldest === undefined) return;
    this.#endedRecency.remove(oldest);
    this.#forgetSockets(oldest);
    if (this.#ended.get(oldest.key) === oldest) this.#ended.delete(oldest.key);
  }

  #forgetSockets(kept: Kept): void {
    this.#forgetSocket(kept.clientSocket, kept);
    this.#forgetSocket(kept.serverSocket, kept);
  }

  #forgetSocket(socketId: number, kept: Kept): void {
    if (socketId !== 0 && this.#bySocket.get(socketId) === kept) this.#bySocket.delete(socketId);
  }
}
