import { setTimeout as pause } from 'node:timers/promises';
import type { SecurityConfig } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { TelegenError } from '../../model/errors.ts';
import type { ScoreRecord } from '../../reputation/scores/record.ts';
import { openRedisStore } from '../../reputation/scores/redis-store.ts';
import type { ScoreStore } from '../../reputation/scores/store.ts';
import { createScoreTable, type ScoreTable } from '../../reputation/scores/table.ts';

/** For the connection, and for the server to answer. */
const DEADLINE_MS = 5_000;
const RETRY_MS = 50;

export interface Connected {
  readonly store: ScoreStore;
  readonly records: readonly ScoreRecord[];
  readonly halfLifeMs: number;
}

/** What the records say, taken together. */
export function scoreTableOf({ records, halfLifeMs }: Connected): ScoreTable {
  const table = createScoreTable({ halfLifeMs, maxValues: records.length });
  for (const record of records) table.apply(record);
  return table;
}

/** `withReputation` for the configuration in a file. */
export function withStore<T>(
  configFile: string | undefined,
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  return withReputation(loadConfig(configFile).config.network.security.reputation, work);
}

/**
 * Reads the shared store of the configuration, hands it to `work`, and closes it. Rejects with TELEGEN_CONFIG without one and
 * TELEGEN_REPUTATION when it does not answer or refuses.
 */
export async function withReputation<T>(
  { redis, halfLifeMs }: SecurityConfig['reputation'],
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  if (redis === undefined)
    throw new TelegenError(
      'TELEGEN_CONFIG',
      'nothing is shared: agent.network.security.reputation.redis.addresses is empty; name the file with -c',
    );
  const store = await openRedisStore(redis);
  try {
    return await work({ store, records: await readAll(store), halfLifeMs });
  } catch (error) {
    if (error instanceof TelegenError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TelegenError('TELEGEN_REPUTATION', `Redis at ${redis.addresses.join(', ')}: ${reason}`, {
      cause: error,
    });
  } finally {
    await store.close();
  }
}

/** Calls are rejected until the connection stands. */
async function readAll(store: ScoreStore): Promise<readonly ScoreRecord[]> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      return (await store.readAll()).records;
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await pause(RETRY_MS);
    }
  }
}
