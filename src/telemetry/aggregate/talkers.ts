import type { PacketRateEvent, ServiceCounts, TopEndpoint, TopSender } from '../../model/packets.ts';
import { formatIp } from '../../net/ip.ts';
import { isoTime } from '../../net/iso-time.ts';
import { createBoundedMap } from './bounded-map.ts';

/** Interfaces times two directions. */
const MAX_WINDOWS = 512;
const SERVICES = 20;
/** What was not heard of for so long is over. */
const STALE_MS = 10_000;

/** The latest window of one interface and direction, in the form of `/api/v1/status`. */
export interface Talkers {
  readonly interface: string;
  readonly direction: PacketRateEvent['direction'];
  /** End of the window. */
  readonly timestamp: string;
  readonly interval_ms: number;
  readonly packets_per_second: number;
  readonly bits_per_second: number;
  readonly packets: number;
  readonly bytes: number;
  readonly syn: number;
  readonly rst: number;
  readonly sources_seen: number;
  /** Each list: the busiest first. */
  readonly services: readonly TalkingService[];
  readonly sources: readonly TalkingEnd[];
  readonly destinations: readonly TalkingEnd[];
  readonly senders: readonly TalkingProcess[];
  /** Far ends that a list names. */
  readonly listed: readonly TalkingEnd[];
}

export interface TalkingService {
  readonly protocol: string;
  /** 0: none, answers to clients, or folded. */
  readonly port: number;
  readonly packets: number;
  readonly bytes: number;
  readonly syn: number;
}

export interface TalkingEnd {
  readonly ip: string;
  readonly packets: number;
  readonly bytes: number;
  readonly syn: number;
}

export interface TalkingProcess {
  readonly pid: number;
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Remembers the latest window of each interface and direction. */
export function createTalkers(): {
  onEvent(event: PacketRateEvent): void;
  snapshot(nowMs: number): readonly Talkers[];
} {
  const latest = createBoundedMap<string, PacketRateEvent>(MAX_WINDOWS);
  return {
    onEvent: (event) => latest.set(`${event.interface} ${event.direction}`, event),
    snapshot: (nowMs) =>
      [...latest.values()]
        .filter(({ timeMs }) => Math.abs(nowMs - timeMs) < STALE_MS)
        .map(talkersOf)
        .toSorted((a, b) => b.bits_per_second - a.bits_per_second),
  };
}

function talkersOf(event: PacketRateEvent): Talkers {
  const { total, intervalMs, timeMs } = event;
  const perSecond = (count: number): number => Math.round((count * 1000) / intervalMs);
  return {
    interface: event.interface,
    direction: event.direction,
    timestamp: isoTime(timeMs),
    interval_ms: Math.round(intervalMs),
    packets_per_second: perSecond(total.packets),
    bits_per_second: perSecond(total.bytes * 8),
    packets: total.packets,
    bytes: total.bytes,
    syn: total.syn,
    rst: total.rst,
    sources_seen: event.sourcesSeen,
    services: event.services.slice(0, SERVICES).map(serviceOf),
    sources: event.sources.map(endOf),
    destinations: event.destinations.map(endOf),
    senders: (event.senders ?? []).map(senderOf),
    listed: (event.listed ?? []).map(endOf),
  };
}

const serviceOf = ({ protocol, port, packets, bytes, syn }: ServiceCounts): TalkingService => ({
  protocol,
  port,
  packets,
  bytes,
  syn,
});

const endOf = ({ ip, packets, bytes, syn }: TopEndpoint): TalkingEnd => ({
  ip: formatIp(ip),
  packets,
  bytes,
  syn,
});

const senderOf = ({ owner, process, packets, bytes }: TopSender): TalkingProcess => ({
  pid: owner.pid,
  name: process?.name ?? owner.comm,
  packets,
  bytes,
});
