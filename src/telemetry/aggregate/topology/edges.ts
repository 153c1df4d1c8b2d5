import type { Conversation } from '../conversations.ts';
import type { Identity } from '../identity.ts';
import { OTHER } from '../label-values.ts';
import { targetOf } from '../target.ts';
import { Window } from './window.ts';

/** One direction between two nodes, by protocol. */
export interface Edge {
  readonly key: string;
  readonly source: Identity;
  readonly target: Identity;
  readonly protocol: string;
  readonly window: Window;
  /** Conversations open at this moment. */
  open: number;
}

/** All edges that something was seen on lately. */
export interface Edges {
  /** The edge of a conversation that speaks `protocol`. */
  of(conversation: Conversation, protocol: string): Edge;
  /** Drops edges without open conversations that nothing happened on in the window. */
  prune(nowMs: number): void;
  all(): Iterable<Edge>;
  readonly size: number;
  /** Conversations that found no room for their edge. */
  readonly folded: number;
}

const FOLDED: Identity = { id: OTHER, type: 'host', attributes: {} };

/** Joined, as a template would be kept as a chain of its pieces. */
const keyOf = (source: Identity, target: Identity, protocol: string): string =>
  [source.id, target.id, protocol].join('\n');

const RECENT_SLOTS = 64;

function slotOf({ id: a }: Identity, { id: b }: Identity, protocol: string): number {
  const ends = a.charCodeAt(a.length - 1) * 31 + b.charCodeAt(b.length - 1);
  return (ends * 31 + a.length + b.length * 7 + protocol.length * 3) & (RECENT_SLOTS - 1);
}

/** Creates an empty set; past `max` edges everything new is one edge from `~other` to `~other` per protocol. */
export function createEdges(windowMs: number, max: number): Edges {
  const edges = new Map<string, Edge>();
  /** Found last: most conversations in a row go the same few ways. */
  const recent: (Edge | undefined)[] = Array.from({ length: RECENT_SLOTS });
  let folded = 0;

  function made(source: Identity, target: Identity, protocol: string): Edge {
    const key = keyOf(source, target, protocol);
    const edge = { key, source, target, protocol, window: new Window(windowMs), open: 0 };
    edges.set(key, edge);
    return edge;
  }

  return {
    of(conversation, protocol) {
      const { source } = conversation;
      const target = targetOf(conversation);
      const slot = slotOf(source, target, protocol);
      const last = recent[slot];
      if (last?.source === source && last.target === target && last.protocol === protocol) return last;
      const known = edges.get(keyOf(source, target, protocol));
      if (known !== undefined) {
        recent[slot] = known;
        return known;
      }
      if (edges.size < max) return made(source, target, protocol);
      folded += 1;
      return edges.get(keyOf(FOLDED, FOLDED, protocol)) ?? made(FOLDED, FOLDED, protocol);
    },
    prune(nowMs) {
      for (const [key, { open, window }] of edges) if (open <= 0 && window.isEmpty(nowMs)) edges.delete(key);
      recent.fill(undefined);
    },
    all: () => edges.values(),
    get size() {
      return edges.size;
    },
    get folded() {
      return folded;
    },
  };
}
