import { hostname } from 'node:os';
import type { ListSource } from '../../capture/live/lists/kernel-lists.ts';
import type { SecurityConfig } from '../../config/config.ts';
import type { DetectorPorts } from '../../detectors/index.ts';
import type { Finding } from '../../model/finding.ts';
import type { AddressRange } from '../../net/prefix.ts';
import { type BlocklistStore, openBlocklists } from '../../reputation/blocklist-store.ts';
import type { FeedStatus, Feeds } from '../../reputation/feeds/feeds.ts';
import { exemptedRanges, type Family, listedRanges } from '../../reputation/listed-ranges.ts';
import type { ReportSink } from '../../reputation/report.ts';
import type { Reputation } from '../../reputation/scores/reputation.ts';
import { exempting, sightingsOf } from '../../reputation/scores/sightings.ts';
import type { ListStatus } from '../../reputation/snapshot.ts';
import { listOptions, startFeeds } from '../lists.ts';

/** Lists, feeds and shared scores, as the configuration has them. */
export interface HostReputation {
  readonly ports: DetectorPorts;
  lists(): readonly ListStatus[];
  /** By name of list: matches, and versions that were not taken into use. */
  listHits(): ReadonlyMap<string, number>;
  listErrors(): ReadonlyMap<string, number>;
  feeds(): readonly FeedStatus[];
  /** What the kernel side is told; undefined when there is nothing to be told of. */
  readonly forKernel: KernelListSource | undefined;
  /** Tells the fleet of what was found here. */
  readonly onFindings: ((findings: readonly Finding[]) => void) | undefined;
  close(): Promise<void>;
}

/** Addresses to be known to the kernel side. */
export interface KernelListSource {
  /** Addresses and networks in all lists. */
  size(family: Family): number;
  /** Other numbers whenever the addresses may have changed. */
  versions(): Readonly<Record<ListSource, number>>;
  /** Steps that find what a source has now. */
  ranges(source: ListSource, nowMs: number): Generator<void, (family: Family) => Iterable<AddressRange>>;
}

/** Throws TELEGEN_BLOCKLIST for lists that are named and cannot be used; all other trouble is reported and outlived. */
export async function openReputation(
  security: SecurityConfig,
  onReport: ReportSink,
): Promise<HostReputation> {
  const feeds = await startFeeds(security, onReport);
  const lists = await openLists(security, onReport);
  const scores = lists && (await openScores(security, onReport));
  const sight = scores && lists ? sightingsOf(scores, lists.lookup, security.reputation.ttlMs) : undefined;
  return {
    ports: {
      ...(lists === undefined ? {} : { reputation: lists.lookup }),
      ...(scores && lists ? { scores: exempting(scores.lookup, lists.lookup) } : {}),
    },
    lists: () => lists?.lists() ?? [],
    listHits: () => lists?.hits() ?? new Map(),
    listErrors: () => lists?.errors() ?? new Map(),
    feeds: () => feeds?.status() ?? [],
    forKernel: lists && kernelSource(lists, scores, security.reputation.threshold),
    onFindings: sight,
    close: () => closeAll(feeds, lists, scores),
  };
}

function kernelSource(
  lists: BlocklistStore,
  scores: Reputation | undefined,
  threshold: number,
): KernelListSource {
  return {
    size: (family) => lists.inUse().block.reduce((sum, list) => sum + list.size(family), 0),
    versions: () => ({ lists: lists.generation(), scores: scores?.table.version() ?? 0 }),
    *ranges(source, nowMs) {
      const inUse = lists.inUse();
      if (source === 'lists') return (family) => listedRanges(inUse, family);
      const bad = scores ? yield* scores.table.badRanges(threshold, nowMs) : [];
      return (family) => exemptedRanges(bad, inUse, family);
    },
  };
}

async function openLists(
  security: SecurityConfig,
  onReport: ReportSink,
): Promise<BlocklistStore | undefined> {
  // Shared scores need to know what they may not accuse.
  const isSharing = security.enabled && security.reputation.redis !== undefined;
  const options = listOptions(security) ?? (isSharing ? { paths: [] } : undefined);
  return options && openBlocklists({ ...options, stateFolder: `${security.stateDir}/lists`, onReport });
}

/** The client costs memory: it is loaded only when it is used. */
async function openScores(
  { reputation: { redis, halfLifeMs, agent = hostname() } }: SecurityConfig,
  onReport: ReportSink,
): Promise<Reputation | undefined> {
  if (redis === undefined) return undefined;
  const { openRedisStore } = await import('../../reputation/scores/redis-store.ts');
  const { startReputation } = await import('../../reputation/scores/reputation.ts');
  return startReputation({ store: await openRedisStore(redis), agent, halfLifeMs, onReport });
}

async function closeAll(
  ...parts: readonly (Feeds | BlocklistStore | Reputation | undefined)[]
): Promise<void> {
  await Promise.all(parts.flatMap((part) => (part === undefined ? [] : [part.close()])));
}
