import type { PacketCounts, PacketRateEvent, ServiceCounts } from '../../model/packets.ts';
import { type Baseline, createBaseline, learn, learnSilence } from './baseline.ts';
import { createScope, type Scope } from './scope.ts';

/** Services of one interface and direction that are watched by themselves. */
const MAX_SCOPES = 1024;
/** One that was silent for so long, and never had much, makes room; after the longer time also one that had. */
const FORGET_MS = 600_000;
const GONE_MS = 14_400_000;
const FORGET_LEVEL = 0.5;
const PRUNE_EVERY_MS = 60_000;

/** One direction of one interface. */
export interface Site {
  readonly firstMs: number;
  readonly whole: Scope;
  readonly scopes: Map<number, Scope>;
  /** How many sources are usual in a window. */
  readonly sources: Baseline;
  last: PacketRateEvent;
  /** Last time that datagrams of a protocol stood out. */
  readonly stoodOut: { udp: number; icmp: number };
  prunedMs: number;
}

export function createSite(first: PacketRateEvent): Site {
  return {
    firstMs: first.timeMs - first.intervalMs,
    whole: createScope(undefined, { windows: 0, timeMs: first.timeMs - first.intervalMs }),
    scopes: new Map(),
    sources: createBaseline(0),
    last: first,
    stoodOut: { udp: Number.NEGATIVE_INFINITY, icmp: Number.NEGATIVE_INFINITY },
    prunedMs: first.timeMs,
  };
}

/** Windows without a packet between two that had some. */
export function silentWindows(lastMs: number, { timeMs, intervalMs }: PacketRateEvent): number {
  return Math.max(0, Math.round((timeMs - lastMs) / Math.max(1, intervalMs)) - 1);
}

export function hasScope(site: Site, service: ServiceCounts): boolean {
  return site.scopes.has(keyOf(service));
}

/** The scope of a service; undefined where there is no room for another one. */
export function scopeOf(site: Site, service: ServiceCounts, event: PacketRateEvent): Scope | undefined {
  const key = keyOf(service);
  const known = site.scopes.get(key);
  if (known !== undefined) return known;
  if (site.scopes.size >= MAX_SCOPES) prune(site, event.timeMs);
  if (site.scopes.size >= MAX_SCOPES) return undefined;
  const windows = (event.timeMs - site.firstMs) / event.intervalMs - 1;
  const { protocol, port } = service;
  const scope = createScope(
    { protocol, port },
    { windows: Math.max(0, windows), timeMs: event.timeMs - event.intervalMs },
  );
  site.scopes.set(key, scope);
  return scope;
}

const PROTOCOL_NUMBER = { tcp: 0, udp: 1, icmp: 2, icmpv6: 3, other: 4 } as const;

function keyOf({ protocol, port }: ServiceCounts): number {
  return PROTOCOL_NUMBER[protocol] * 65_536 + port;
}

function prune(site: Site, nowMs: number): void {
  if (nowMs < site.prunedMs + PRUNE_EVERY_MS) return;
  site.prunedMs = nowMs;
  for (const [key, scope] of site.scopes) {
    const idleMs = scope.anomaly === undefined ? nowMs - scope.lastMs : 0;
    const isSmall = [...scope.baselines.values()].every(({ level }) => level < FORGET_LEVEL);
    if (idleMs > (isSmall ? FORGET_MS : GONE_MS)) site.scopes.delete(key);
  }
}

/** Sources beyond those that are usual. Learns them while nothing stands out. */
export function newSources(site: Site, event: PacketRateEvent, halfLifeWindows: number): number {
  const { sources } = site;
  const extra = Math.max(0, event.sourcesSeen - sources.level);
  if ([site.whole, ...site.scopes.values()].some(isLoud)) return extra;
  learnSilence(sources, silentWindows(site.last.timeMs, event), halfLifeWindows);
  learn(sources, event.sourcesSeen, { cap: Number.POSITIVE_INFINITY, halfLifeWindows });
  return extra;
}

function isLoud({ anomaly, suspectMs }: Scope): boolean {
  return anomaly !== undefined || suspectMs !== undefined;
}

const NOTHING: PacketCounts = {
  packets: 0,
  bytes: 0,
  small: 0,
  syn: 0,
  synAck: 0,
  rst: 0,
  fin: 0,
  nullFlags: 0,
  finOnly: 0,
  xmas: 0,
};

/** A window in which nothing came. */
export function silence(last: PacketRateEvent, timeMs: number): PacketRateEvent {
  const { interface: name, direction } = last;
  return {
    kind: 'packet_rate',
    timeMs,
    intervalMs: 1_000,
    interface: name,
    direction,
    total: NOTHING,
    services: [],
    sources: [],
    destinations: [],
    sourcesSeen: 0,
  };
}
