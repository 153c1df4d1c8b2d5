import { keyOf, type ScoreRecord } from './record.ts';
import type { ScoreStore } from './store.ts';

/** Changes that are remembered. */
const MAX_CHANGES = 100_000;

/** A store for the agents of one process: the default, of one agent, and the measure of the other. */
export function createMemoryStore(maxChanges = MAX_CHANGES): ScoreStore {
  const records = new Map<string, ScoreRecord>();
  let changes: ScoreRecord[] = [];
  /** Number of the first that is remembered. */
  let first = 0;
  const cursor = (): string => String(first + changes.length);
  return {
    async write(written) {
      for (const record of written) {
        records.set(keyOf(record), record);
        changes.push(record);
      }
      const excess = changes.length - maxChanges;
      if (excess <= 0) return;
      changes = changes.slice(excess);
      first += excess;
    },
    readAll: async () => ({ records: [...records.values()], cursor: cursor() }),
    async changes(since) {
      const from = Number(since) - first;
      return from < 0 ? 'lost' : { records: changes.slice(from), cursor: cursor() };
    },
    async forget(expired) {
      for (const record of expired) records.delete(keyOf(record));
    },
    close: async () => undefined,
  };
}
