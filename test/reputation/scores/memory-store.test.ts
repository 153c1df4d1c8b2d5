import { beforeEach, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/reputation/scores/memory-store.ts';
import type { ScoreStore } from '../../../src/reputation/scores/store.ts';
import { record, storeContract } from './contract.ts';

let store: ScoreStore;
beforeEach(() => {
  store = createMemoryStore();
});
storeContract('memory', async () => store);

test('what was changed too long ago is lost, and said to be', async () => {
  const small = createMemoryStore(3);
  const { cursor } = await small.readAll();
  for (let i = 0; i < 4; i++) await small.write([record({ agent: `a${i}` })]);
  expect(await small.changes(cursor)).toBe('lost');
  expect((await small.readAll()).records).toHaveLength(4);
});
