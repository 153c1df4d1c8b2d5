import type { ConversationFacts } from '../../model/conversation.ts';
import type { PayloadView } from '../payload-view.ts';
import type { StreamCounters } from './stream-counters.ts';

/** The first bytes of a connection that came to its listener (TCP_DEFER_ACCEPT). */
export interface Orphan {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly timeMs: number;
}

/** Keeps them until the connection speaks. */
export interface Orphanage {
  add(piece: PayloadView): void;
  take(facts: ConversationFacts): Orphan | undefined;
  sweep(nowMs: number): void;
}

const CAPACITY = 1024;
const PATIENCE_MS = 10_000;

export function createOrphanage(counters: StreamCounters): Orphanage {
  /** By both ends; insertion order is age. */
  const waiting = new Map<string, Orphan>();

  function dropOldest(): void {
    const oldest = waiting.keys().next();
    if (oldest.done === true) return;
    waiting.delete(oldest.value);
    counters.lostOrphans++;
  }

  return {
    add(piece) {
      const key = keyOf(piece.facts());
      const known = waiting.get(key);
      // The peer repeats what was not acknowledged: the first copy is as good, unless it is of an older connection.
      if (known?.seq === piece.seq && known.bytes.length >= piece.length) return;
      if (waiting.delete(key)) counters.lostOrphans++;
      else if (waiting.size >= CAPACITY) dropOldest();
      waiting.set(key, { seq: piece.seq, bytes: piece.bytes().slice(), timeMs: piece.timeMs });
    },
    take(facts) {
      if (waiting.size === 0) return undefined;
      const key = keyOf(facts);
      const orphan = waiting.get(key);
      waiting.delete(key);
      return orphan;
    },
    sweep(nowMs) {
      for (const { timeMs } of waiting.values()) {
        if (nowMs - timeMs < PATIENCE_MS) return;
        dropOldest();
      }
    },
  };
}

function keyOf({ local, remote }: ConversationFacts): string {
  return [local, remote].map(({ ip, port }) => `${ip.w0},${ip.w1},${ip.w2},${ip.w3},${port}`).join(' ');
}
