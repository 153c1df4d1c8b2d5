import type { DnsQuestion } from './message.ts';

const MAX_REMEMBERED = 1024;

export interface TruncationMemory {
  /** A response with TC was seen. */
  note(key: string | number, id: number, question: DnsQuestion, timeMs: number): void;
  /** Whether such a response to the same question with the same id came on another socket in the last `windowMs`. */
  recall(key: string | number, id: number, question: DnsQuestion, timeMs: number): boolean;
}

/**
 * Links a query to the truncated response that made the client ask again over TCP. Only where the id was kept, as the
 * usual resolver libraries do: with the id the link is all but certain, without it would be a guess.
 */
export function createTruncationMemory(windowMs: number): TruncationMemory {
  const seen = new Map<string, { readonly key: string | number; readonly timeMs: number }>();
  const nameOf = (id: number, question: DnsQuestion) => `${id} ${question.type} ${question.name}`;
  return {
    note(key, id, question, timeMs) {
      const name = nameOf(id, question);
      seen.delete(name);
      seen.set(name, { key, timeMs });
      if (seen.size <= MAX_REMEMBERED) return;
      for (const oldest of seen.keys()) {
        seen.delete(oldest);
        return;
      }
    },
    recall(key, id, question, timeMs) {
      if (seen.size === 0) return false;
      const found = seen.get(nameOf(id, question));
      return found !== undefined && found.key !== key && timeMs - found.timeMs <= windowMs;
    },
  };
}
