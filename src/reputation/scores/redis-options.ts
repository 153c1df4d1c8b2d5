import { readFile } from 'node:fs/promises';
import type { RedisOptions } from 'ioredis';

/** How the shared Redis is reached. */
export interface RedisSettings {
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
  /** `host:port`; of the server, of the sentinels, or of some nodes. */
  readonly addresses: readonly string[];
  /** Name of the master that the sentinels watch. */
  readonly masterName?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly sentinelPasswordFile?: string;
  readonly database: number;
  readonly tls: boolean;
  readonly caFile?: string;
  /** For each command; also the limit for connecting, times ten. */
  readonly timeoutMs: number;
  /** Keys begin with this. */
  readonly prefix: string;
}

const MAX_RECONNECT_MS = 2_000;

/** Fails fast and queues nothing: what cannot be sent now is kept by us, bounded, and sent later. */
export async function redisOptions(settings: RedisSettings) {
  const { username, passwordFile, database, tls, caFile, timeoutMs } = settings;
  const user = username === undefined ? {} : { username };
  return {
    db: database,
    // A user without a password would be asked for one all the same.
    ...(passwordFile === undefined
      ? {}
      : { ...user, password: (await readFile(passwordFile, 'utf8')).trim() }),
    ...(tls ? { tls: caFile === undefined ? {} : { ca: await readFile(caFile) } } : {}),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs * 10,
    // A cut that nobody was told of leaves a connection on which nothing comes any more: a new one is made.
    socketTimeout: timeoutMs * 10,
    retryStrategy: (times: number) => Math.min(100 * times, MAX_RECONNECT_MS),
    connectionName: 'telegen',
    lazyConnect: true,
  } satisfies RedisOptions;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, IPv6 in brackets. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, port = '6379'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: Number(port) };
}
