import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ChainableCommander, Cluster, Redis } from 'ioredis';
import { decodeRecord, encodeRecord, keyOf, type ScoreRecord } from './record.ts';
import { parseAddress, type RedisSettings, redisOptions } from './redis-options.ts';
import type { ReadAll, ScoreStore } from './store.ts';

/** Changes that the stream remembers, about. */
const MAX_CHANGES = 100_000;
const WRITES_AT_ONCE = 200;
const CHANGES_AT_ONCE = 1_000;
const SCAN_COUNT = 1_000;
/** Records that are taken over in one reading; more would be an accident or an attack. */
const MAX_RECORDS = 500_000;

export interface RedisStore extends ScoreStore {
  /** Records that were no records. */
  readonly counters: { readonly invalid: number };
}

/**
 * Records in a hash, changes in a stream, and an epoch that tells when the server was wiped. All keys share a slot of a
 * cluster. Connects in the background; calls reject while there is no connection.
 */
export async function openRedisStore(
  settings: RedisSettings,
  now: () => number = Date.now,
): Promise<RedisStore> {
  const client = await createClient(settings);
  // Errors of the connection come as rejections of the calls as well.
  client.on('error', () => undefined);
  const counters = { invalid: 0 };
  const keys = {
    records: `{${settings.prefix}}:reputation:records`,
    changes: `{${settings.prefix}}:reputation:changes`,
    epoch: `{${settings.prefix}}:reputation:epoch`,
  };
  /** After each (re)connection the server may be another one, and may have lost what was told to the one before. */
  let connection = 0;
  client.on('ready', () => {
    connection++;
  });
  client.connect().catch(() => undefined);

  function decode(texts: readonly (string | undefined)[]): ScoreRecord[] {
    return texts.flatMap((text) => {
      const record = decodeRecord(text ?? '', now());
      if (!record) counters.invalid++;
      return record ?? [];
    });
  }
  async function readRecords(): Promise<ScoreRecord[]> {
    const records: ScoreRecord[] = [];
    let cursor = '0';
    do {
      const [next, fields] = await client.hscan(keys.records, cursor, 'COUNT', SCAN_COUNT);
      records.push(...decode(fields.filter((_, i) => i % 2 === 1)));
      cursor = next;
    } while (cursor !== '0' && records.length < MAX_RECORDS);
    return records;
  }
  async function readAll(): Promise<ReadAll> {
    const seen = connection;
    await client.set(keys.epoch, randomUUID(), 'NX');
    const [epoch, newest] = await run(
      client.pipeline().get(keys.epoch).xrevrange(keys.changes, '+', '-', 'COUNT', 1),
    );
    const id = (newest as [string, string[]][])[0]?.[0] ?? '0-0';
    return { records: await readRecords(), cursor: `${seen} ${String(epoch)} ${id}` };
  }
  async function changes(since: string): Promise<ReadAll | 'lost'> {
    const [seen = '', epoch = '', id = ''] = since.split(' ');
    const [now_, streams] = await run(
      client.pipeline().get(keys.epoch).xread('COUNT', CHANGES_AT_ONCE, 'STREAMS', keys.changes, id),
    );
    if (now_ !== epoch || seen !== String(connection)) return 'lost';
    const entries = (streams as [string, [string, string[]][]][] | null)?.[0]?.[1] ?? [];
    const last = entries.at(-1)?.[0] ?? id;
    return { records: decode(entries.map(([, fields]) => fields[1])), cursor: `${seen} ${epoch} ${last}` };
  }
  async function write(records: readonly ScoreRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += WRITES_AT_ONCE) {
      const pipeline = client.pipeline();
      for (const record of records.slice(at, at + WRITES_AT_ONCE)) {
        const text = encodeRecord(record);
        pipeline.hset(keys.records, keyOf(record), text);
        pipeline.xadd(keys.changes, 'MAXLEN', '~', MAX_CHANGES, '*', 'r', text);
      }
      await run(pipeline);
    }
  }
  async function forget(records: readonly ScoreRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += WRITES_AT_ONCE)
      await client.hdel(keys.records, ...records.slice(at, at + WRITES_AT_ONCE).map(keyOf));
  }
  return { counters, readAll, changes, write, forget, close: async () => client.disconnect() };
}

async function createClient(settings: RedisSettings): Promise<Redis | Cluster> {
  const options = await redisOptions(settings);
  const addresses = settings.addresses.map(parseAddress);
  if (settings.mode === 'cluster') {
    const { db: _, lazyConnect: __, ...redis } = options;
    return new Cluster(addresses, {
      redisOptions: redis,
      enableOfflineQueue: false,
      lazyConnect: true,
      clusterRetryStrategy: (times) => Math.min(100 * times, 2_000),
    });
  }
  if (settings.mode === 'standalone') return new Redis({ ...options, ...addresses[0] });
  const { sentinelPasswordFile: file, masterName = 'mymaster' } = settings;
  const sentinelPassword =
    file === undefined ? {} : { sentinelPassword: (await readFile(file, 'utf8')).trim() };
  return new Redis({ ...options, ...sentinelPassword, sentinels: [...addresses], name: masterName });
}

/** The results of a pipeline; rejects with the first error in it (no memory, no right, ...). */
async function run(pipeline: ChainableCommander): Promise<unknown[]> {
  const results = (await pipeline.exec()) ?? [];
  return results.map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}
