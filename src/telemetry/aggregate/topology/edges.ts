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

/** Creates an empty set; past `max` edges everything new is one edge from `~other` to `~other` per protocol. */
export function createEdges(windowMs: number, max: number): Edges {
  const edges = new Map<string, Edge>();
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
      const known = edges.get(keyOf(source, target, protocol));
      if (known !== undefined) return known;
      if (edges.size < max) return made(source, target, protocol);
      folded += 1;
      return edges.get(keyOf(FOLDED, FOLDED, protocol)) ?? made(FOLDED, FOLDED, protocol);
    },
    prune(nowMs) {
      for (const [key, { open, window }] of edges) if (open <= 0 && window.isEmpty(nowMs)) edges.delete(key);
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
