import { describe, expect, test } from 'vitest';
import { keyOf, type ScoreRecord } from '../../../src/reputation/scores/record.ts';
import type { ReadAll, ScoreStore } from '../../../src/reputation/scores/store.ts';

export const NOW = Date.now();

export function record(change: Partial<ScoreRecord> = {}): ScoreRecord {
  return {
    value: '198.51.100.7',
    agent: 'one',
    updatedMs: NOW,
    score: 60,
    decays: true,
    source: 'blocklist',
    sightings: 1,
    firstSeenMs: NOW,
    expiresMs: NOW + 3_600_000,
    ...change,
  };
}

const byKey = (records: readonly ScoreRecord[]) => records.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
async function news(store: ScoreStore, since: string): Promise<ReadAll> {
  const changes = await store.changes(since);
  if (changes === 'lost') throw new Error('lost');
  return changes;
}

/** What every store must do. `open` gives another client of the same, empty store. */
export function storeContract(name: string, open: () => Promise<ScoreStore>): void {
  describe(`store contract: ${name}`, () => {
    test('what is written is read, by whoever asks, with all that it says', async () => {
      const [one, two] = [await open(), await open()];
      const records = [
        record(),
        record({ agent: 'two', reason: 'because', decays: false }),
        record({ value: '2001:db8::/32', removed: true, agent: '*' }),
        record({ value: 'evil.example.com', sightings: 12 }),
      ];
      await one.write(records);
      for (const store of [one, two]) expect(byKey((await store.readAll()).records)).toEqual(byKey(records));
    });

    test('a newer record takes the place of the one before', async () => {
      const store = await open();
      await store.write([record()]);
      await store.write([record({ updatedMs: NOW + 1, score: 80 })]);
      expect((await store.readAll()).records).toEqual([record({ updatedMs: NOW + 1, score: 80 })]);
    });

    test('changes are told once, in order, to everybody, whatever happened before the reading began', async () => {
      const [one, two] = [await open(), await open()];
      await one.write([record({ value: '203.0.113.1' })]);
      const start = await two.readAll();
      expect(await two.changes(start.cursor)).toEqual({ records: [], cursor: expect.any(String) });
      await one.write([record({ updatedMs: NOW + 1 }), record({ updatedMs: NOW + 2 })]);
      await two.write([record({ updatedMs: NOW + 3 })]);
      const first = await news(two, start.cursor);
      expect(first.records.map(({ updatedMs }) => updatedMs - NOW)).toEqual([1, 2, 3]);
      expect((await news(two, first.cursor)).records).toEqual([]);
      expect((await news(two, start.cursor)).records).toHaveLength(3);
    });

    test('writing the same again does no harm', async () => {
      const store = await open();
      await store.write([record()]);
      await store.write([record()]);
      expect((await store.readAll()).records).toEqual([record()]);
    });

    test('what is forgotten is gone', async () => {
      const store = await open();
      await store.write([record(), record({ agent: 'two' })]);
      await store.forget([record()]);
      await store.forget([]);
      expect((await store.readAll()).records).toEqual([record({ agent: 'two' })]);
    });

    test('many at once', async () => {
      const store = await open();
      const { cursor } = await store.readAll();
      const many = Array.from({ length: 2500 }, (_, i) => record({ value: `198.51.${i >> 8}.${i & 255}` }));
      await store.write(many);
      expect(byKey((await store.readAll()).records)).toEqual(byKey(many));
      const seen: ScoreRecord[] = [];
      for (let at = cursor, last = -1; seen.length !== last; ) {
        last = seen.length;
        const { records, cursor: next } = await news(store, at);
        seen.push(...records);
        at = next;
      }
      expect(seen).toEqual(many);
    });
  });
}
