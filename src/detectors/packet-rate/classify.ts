import type { PacketProtocol, PacketRateEvent, TopEndpoint } from '../../model/packets.ts';
import { FIRST_CLIENT_PORT } from '../../net/packet/answer.ts';
import type { Rates, Signal } from './options.ts';
import type { Traffic } from './rates.ts';

/** What an unusual rate is taken for where that is worth telling, the gravest first. */
export const REPORTED = [
  'syn_flood',
  'udp_flood',
  'icmp_flood',
  'tcp_flood',
  'syn_sweep',
  'flash_crowd',
  'surge',
] as const;
export type ReportedKind = (typeof REPORTED)[number];
/** `bulk`: established TCP with few peers; `scan`: one source asks many ports or hosts; `reply`: answers to others. */
export type Kind = ReportedKind | 'bulk' | 'scan' | 'reply';

/** How many send, and whether their addresses look real. */
export type Spread = 'single_source' | 'distributed' | 'spoofed';

export interface Verdict {
  readonly kind: Kind;
  readonly spread: Spread;
  /** Of SYN beyond the baseline: the share that no handshake followed, 0 to 1. */
  readonly halfOpen?: number;
}

export interface Suspicion {
  readonly event: PacketRateEvent;
  /** Undefined: the whole interface. */
  readonly service: { readonly protocol: PacketProtocol; readonly port: number } | undefined;
  readonly traffic: Traffic;
  /** Rates beyond the baseline. */
  readonly excess: Rates;
  /** Signals that stand out, the gravest first. */
  readonly over: readonly Signal[];
  /** Distinct sources beyond those that are usual. */
  readonly newSources: number;
  /** The other direction of the interface has the like just now. */
  readonly isMirrored: boolean;
  /** The busiest far end is talked with: packets go both ways. */
  readonly isAnswered: boolean;
}

/** A verdict that is worth an alert. */
export interface Reported extends Verdict {
  readonly kind: ReportedKind;
}

export function isReported(verdict: Verdict): verdict is Reported {
  return rankOf(verdict.kind) >= 0;
}

/** Whether one kind is graver than another. */
export function worse(kind: ReportedKind, than: ReportedKind): boolean {
  return rankOf(kind) < rankOf(than);
}

const RANK: ReadonlyMap<Kind, number> = new Map(REPORTED.map((kind, rank) => [kind, rank]));

function rankOf(kind: Kind): number {
  return RANK.get(kind) ?? -1;
}

/** Half-open share from which SYN are a flood. Where forged sources exist, their resets hide half of it. */
const HALF_OPEN = 0.45;
/** Packets that a client sends after its SYN in the shortest of handshakes. */
const PACKETS_PER_HANDSHAKE = 2;
/** A peer with this share of the packets is what there is to tell. */
const DOMINANT = 0.5;
const MANY_SOURCES = 50;
/** Packets that a real client sends at the very least. */
const FEW_PACKETS = 4;
/** A scan that is faster than this is a flood to those that it meets; per second. */
const FASTEST_SCAN = 20_000;
/** SYN count as the matter where they are this share of the packets beyond the baseline. */
const SYN_SHARE = 0.2;
const SMALL_SHARE = 0.9;

/** Tells what an unusual rate is. Ends are known for the whole interface only, so they are a hint for one service. */
export function classify(suspicion: Suspicion): Verdict {
  const spread = spreadOf(suspicion);
  const leading = suspicion.over[0];
  if (leading === 'udp' || leading === 'icmp') return { kind: datagrams(suspicion, leading, spread), spread };
  if (leading === 'small' && suspicion.excess.udp + suspicion.excess.icmp > suspicion.excess.small / 2)
    return { kind: datagrams(suspicion, 'udp', spread), spread };
  const isTcp = suspicion.service === undefined || suspicion.service.protocol === 'tcp';
  if (!isTcp) return { kind: 'surge', spread };
  const { excess } = suspicion;
  if (leading === 'syn' || excess.syn >= SYN_SHARE * excess.packets) return handshakes(suspicion, spread);
  return { kind: established(suspicion, spread), spread };
}

function spreadOf({ event, excess, newSources }: Suspicion): Spread {
  const [ends, isInbound] =
    event.direction === 'inbound' ? [event.sources, true] : [event.destinations, false];
  if (shareOf(ends, event) >= DOMINANT || !isInbound) return 'single_source';
  if (newSources < MANY_SOURCES) return 'distributed';
  const perSource = (excess.packets * event.intervalMs) / 1000 / newSources;
  const isFlat = shareOf(ends, event) < 1 / MANY_SOURCES;
  return isFlat && perSource < FEW_PACKETS ? 'spoofed' : 'distributed';
}

/** Share of the busiest end. */
function shareOf(ends: readonly TopEndpoint[], { total }: PacketRateEvent): number {
  return (ends[0]?.packets ?? 0) / Math.max(1, total.packets);
}

function datagrams(
  { service, event, newSources, isMirrored, isAnswered, excess }: Suspicion,
  by: Signal,
  spread: Spread,
): Kind {
  if (isMirrored) return 'reply';
  if (by === 'icmp') return 'icmp_flood';
  // Downloads over QUIC, and tunnels. Answers that nobody asked for come from many.
  const isAnswer = service === undefined || service.port >= FIRST_CLIENT_PORT;
  if (isAnswer && isAnswered && (event.direction === 'outbound' || newSources < MANY_SOURCES)) return 'bulk';
  if (service === undefined && spread === 'single_source' && excess.udp < FASTEST_SCAN) return 'scan';
  return 'udp_flood';
}

function handshakes({ event, service, excess }: Suspicion, spread: Spread): Verdict {
  const others = Math.max(0, excess.packets - excess.syn);
  const halfOpen = 1 - Math.min(1, others / PACKETS_PER_HANDSHAKE / Math.max(1, excess.syn));
  const isSlow = excess.syn < FASTEST_SCAN;
  if (halfOpen < HALF_OPEN) return { kind: 'flash_crowd', spread, halfOpen };
  const isManyHosts = event.destinations.length >= 20 && synShare(event.destinations, event) < 0.2;
  if (isManyHosts && event.direction === 'outbound') return { kind: 'syn_sweep', spread, halfOpen };
  const isOneSource = synShare(event.sources, event) >= DOMINANT;
  const isManyPorts = service === undefined;
  if (isOneSource && isSlow && (isManyHosts || isManyPorts)) return { kind: 'scan', spread, halfOpen };
  return { kind: 'syn_flood', spread, halfOpen };
}

function synShare(ends: readonly TopEndpoint[], { total }: PacketRateEvent): number {
  return Math.max(0, ...ends.map(({ syn }) => syn)) / Math.max(1, total.syn);
}

function established({ event, traffic, excess, newSources }: Suspicion, spread: Spread): Kind {
  if (event.direction === 'outbound') return traffic.replies > excess.packets / 2 ? 'reply' : 'bulk';
  if (newSources < MANY_SOURCES) return traffic.replies > excess.packets / 2 ? 'reply' : 'bulk';
  const isSmall = traffic.rates.small >= SMALL_SHARE * traffic.rates.packets;
  return spread === 'spoofed' && isSmall ? 'tcp_flood' : 'surge';
}
