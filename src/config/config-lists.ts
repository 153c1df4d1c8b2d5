import { parseDuration } from './duration.ts';
import type { FileConfig } from './schema.ts';

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

type Security = FileConfig['agent']['network']['security'];

/** Without the members that are undefined, as exact optional properties want it. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Settings of single lists by name, units in names. */
export function toListSettings(lists: Security['lists']) {
  return Object.fromEntries(
    Object.entries(lists).map(([name, settings]) => [
      name,
      given({
        format: settings.format,
        category: settings.category,
        confidence: settings.confidence,
        direction: settings.direction,
        minConfidence: settings.min_confidence,
        allowReserved: settings.allow_reserved,
        allowShrink: settings.allow_shrink,
        staleAfterMs: settings.stale_after === undefined ? undefined : parseDuration(settings.stale_after),
      }),
    ]),
  );
}

/** Feeds, names in place of keys, units in names. */
export function toFeeds(feeds: Security['feeds']) {
  return Object.entries(feeds).map(([name, feed]) => ({
    name,
    url: feed.url,
    role: feed.role,
    intervalMs: parseDuration(feed.interval) ?? 0,
    timeoutMs: parseDuration(feed.timeout) ?? 0,
    maxBytes: feed.max_bytes,
    headerFiles: Object.fromEntries(Object.entries(feed.headers).map(([header, { file }]) => [header, file])),
    ...given({ checksumUrl: feed.checksum_url, proxy: feed.proxy, caFile: feed.ca_file }),
  }));
}

/** Shared reputation; `redis` is absent when nothing is shared. */
export function toReputation({ redis, threshold, half_life, ttl, agent }: Security['reputation']) {
  const server = {
    mode: redis.mode,
    addresses: redis.addresses,
    masterName: redis.master_name,
    username: redis.username,
    database: redis.database,
    tls: redis.tls,
    timeoutMs: parseDuration(redis.timeout) ?? 0,
    prefix: redis.prefix,
    ...given({
      passwordFile: redis.password_file,
      sentinelPasswordFile: redis.sentinel_password_file,
      caFile: redis.ca_file,
    }),
  };
  return {
    threshold,
    halfLifeMs: parseDuration(half_life) ?? 0,
    ttlMs: parseDuration(ttl) ?? 0,
    ...given({ agent, redis: redis.addresses.length === 0 ? undefined : server }),
  };
}
