import type { ConversationFacts, Role, Transport } from '../../model/conversation.ts';
import type { Endpoint } from '../../model/ip-address.ts';
import type { ServiceProtocol } from '../../model/service-protocol.ts';
import { createBoundedMap } from './bounded-map.ts';
import { conversationKey, serverOf } from './conversation-key.ts';
import { evictOldest } from './evict-oldest.ts';
import type { Identities, Identity } from './identity.ts';
import type { Series } from './series-table.ts';
import type { Flow } from './tcp-metrics.ts';
import type { Bound } from './topology/graph.ts';

export type ConversationState = 'connecting' | 'established';

/** One conversation between two ends, of which one or both are on this host. */
export interface Conversation {
  /** Tells both ends (conversation-key.ts). */
  readonly key: string;
  readonly transport: Transport;
  readonly serverPort: number;
  /**
   * The end whose events count. When both ends are on this host the other one tells the same story again, and only its
   * identity is taken.
   */
  readonly observer: Observer;
  /** How many conversations this one stands for; 0 when sampling left it out of TCP metrics. */
  readonly weight: number;
  state: ConversationState;
  /** What its first bytes told; until then its port tells. */
  spoken: ServiceProtocol | undefined;
  source: Identity;
  target: Identity;
  /** Its row of the TCP metrics, while it counts as open there. */
  flow: Series<Flow> | undefined;
  /** Its place in the topology. Kept here, not in tables of their own: there are tens of thousands. */
  bound: Bound | undefined;
}

export type Observer = 'client' | 'server';

/** Small integers throughout: a fraction, or a number of milliseconds, would be an object of its own. */
interface Kept extends Conversation {
  /** When it was last heard of, epoch seconds. */
  heardS: number;
  /** Heard of since its turn to make room last came. */
  isHeard: boolean;
  /** Which ends hold it open, of those on this host: the sum of their bits. */
  openEnds: number;
}

export interface ConversationsOptions {
  readonly identities: Identities;
  /** Conversations remembered at once; one that was long silent makes room. */
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
/** Conversations that ended last: what was said in them can become known a moment later. */
const MAX_ENDED = 16_384;

const BIT: Readonly<Record<Observer, number>> = { client: 1, server: 2 };

/** Which end the event comes from; who opened it is taken for a client when nothing tells. */
export const observerOf = (role: Role): Observer => (role === 'server' ? 'server' : 'client');

/** Creates an empty table. */
export function createConversations(options: ConversationsOptions): Conversations {
  return new Table(options);
}

class Table implements Conversations {
  readonly #options: ConversationsOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #ended = createBoundedMap<string, Kept>(MAX_ENDED);
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
    const parts = partsOf(facts);
    return this.#known(parts) ?? this.#add(parts);
  }

  spokenIn(facts: ConversationFacts): Conversation {
    const parts = partsOf(facts);
    return this.#known(parts) ?? this.#ended.get(parts.key) ?? this.#add(parts);
  }

  find(facts: ConversationFacts): Conversation | undefined {
    return this.#known(partsOf(facts));
  }

  opened(conversation: Conversation, end: Observer, state: ConversationState): void {
    const kept = this.#kept.get(conversation.key);
    if (kept === undefined) return;
    kept.openEnds |= BIT[end];
    if (end === kept.observer) kept.state = state;
  }

  closed(conversation: Conversation, end: Observer): void {
    const kept = this.#kept.get(conversation.key);
    if (kept === undefined) return;
    kept.openEnds &= ~BIT[end];
    if (kept.openEnds > 0) return;
    this.#kept.delete(kept.key);
    this.#ended.set(kept.key, kept);
  }

  expire(nowMs: number): void {
    for (const kept of this.#kept.values()) {
      if (kept.openEnds === 0 && secondsOf(nowMs) - kept.heardS > LINGER_S) this.#kept.delete(kept.key);
    }
  }

  each(visit: (conversation: Conversation) => void): void {
    for (const kept of this.#kept.values()) if (kept.openEnds > 0) visit(kept);
  }

  #known({ key, facts, side }: Parts): Conversation | undefined {
    const known = this.#kept.get(key);
    if (known === undefined) return undefined;
    known.heardS = secondsOf(facts.timeMs);
    known.isHeard = true;
    if (side !== known.observer) this.#identify(known, facts, side);
    return known;
  }

  #add(parts: Parts): Conversation {
    const { key, facts, side, server } = parts;
    const { identities, max, sampleRate } = this.#options;
    const local = identities.local(facts);
    const mine = local ?? identities.address(facts.local);
    const other = identities.remote(facts);
    if (side === 'server' && local !== undefined) identities.serves(server, local);
    const kept: Kept = {
      key,
      transport: facts.transport,
      serverPort: server.port,
      observer: side,
      weight: weightOf(facts, sampleRate),
      state: 'connecting',
      spoken: undefined,
      source: side === 'client' ? mine : other,
      target: side === 'client' ? other : mine,
      heardS: secondsOf(facts.timeMs),
      isHeard: true,
      flow: undefined,
      bound: undefined,
      openEnds: 0,
    };
    this.#kept.set(key, kept);
    if (this.#kept.size > max) this.#makeRoom();
    return kept;
  }

  #identify(kept: Kept, facts: ConversationFacts, side: Observer): void {
    const { identities } = this.#options;
    const local = identities.local(facts);
    if (local === undefined) return;
    if (side === 'server') {
      identities.serves({ ip: serverOf(kept.key), port: kept.serverPort }, local);
      kept.target = local;
    } else kept.source = local;
  }

  /** Second chance: what was heard of since it was last looked at goes to the end of the queue, but not for ever. */
  #makeRoom(): void {
    let chances = this.#kept.size;
    while (this.#kept.size > this.#options.max) {
      evictOldest(this.#kept, this.#options.max, (kept) => {
        if (kept.isHeard && chances > 0) {
          chances -= 1;
          kept.isHeard = false;
          this.#kept.set(kept.key, kept);
          return;
        }
        this.#evicted += 1;
        this.#options.onEvicted(kept);
      });
    }
  }
}

const secondsOf = (ms: number): number => Math.floor(ms / 1000);

interface Parts {
  readonly key: string;
  readonly facts: ConversationFacts;
  readonly side: Observer;
  readonly server: Endpoint;
}

function partsOf(facts: ConversationFacts): Parts {
  const side = observerOf(facts.role);
  const [client, server] = side === 'client' ? [facts.local, facts.remote] : [facts.remote, facts.local];
  return { key: conversationKey(facts.transport, client, server), facts, side, server };
}

/** 1 in N by a hash of the connection: the same answer for all events of a connection, on every run. */
export function weightOf({ socketId, local, remote }: ConversationFacts, sampleRate: number): number {
  if (sampleRate <= 1) return 1;
  // A connection without an identity of its own is told apart by its ports.
  const id = socketId === 0 ? local.port * 65_536 + remote.port : socketId;
  return mixed(id) % sampleRate === 0 ? sampleRate : 0;
}

/** Spreads numbers that count up over all 32 bits (the finalizer of MurmurHash3). */
function mixed(id: number): number {
  let hash = (id ^ Math.floor(id / 4_294_967_296)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
