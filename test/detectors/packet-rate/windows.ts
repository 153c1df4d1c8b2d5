import type { PacketRateOptions } from '../../../src/detectors/packet-rate/options.ts';
import { packetRate } from '../../../src/detectors/packet-rate/packet-rate.ts';
import type { Finding } from '../../../src/model/finding.ts';
import type { PacketRateEvent, ServiceCounts, TopEndpoint } from '../../../src/model/packets.ts';
import { TIME_MS } from '../../alerts/fixtures.ts';
import { ip, packetRate as windowOf } from '../../support/packet-events.ts';

export const OPTIONS: PacketRateOptions = {
  warmUpMs: 30_000,
  startAfterMs: 2_000,
  endAfterMs: 10_000,
  updateIntervalMs: 60_000,
  acceptAfterMs: 1_800_000,
  halfLifeMs: 1_800_000,
  ratio: 3,
  deviations: 6,
  floors: { packets: 2_000, syn: 100, udp: 1_000, icmp: 200, small: 2_000 },
};

/** What comes to an interface in a second; per second. */
export type Counts = Partial<ServiceCounts> & Pick<ServiceCounts, 'protocol' | 'port'>;

/** Requests over TCP, each on a connection of its own: SYN, ACK, request, ACK of the answer, FIN. */
export function requests(perSecond: number, port = 80): Counts {
  const count = Math.round(perSecond);
  return {
    protocol: 'tcp',
    port,
    packets: count * 5,
    bytes: count * 700,
    small: count * 4,
    syn: count,
    fin: count,
  };
}

export function synFlood(perSecond: number, port = 80): Counts {
  const count = Math.round(perSecond);
  return { protocol: 'tcp', port, packets: count, bytes: count * 60, small: count, syn: count };
}

export function datagrams(protocol: 'udp' | 'icmp', perSecond: number, port: number): Counts {
  const count = Math.round(perSecond);
  return { protocol, port, packets: count, bytes: count * 100, small: count };
}

/** Established TCP: large packets. */
export function bulk(perSecond: number, port = 0): Counts {
  const count = Math.round(perSecond);
  return { protocol: 'tcp', port, packets: count, bytes: count * 1_400 };
}

/** Adds up what goes to the same service. */
export function together(...all: readonly Counts[]): Counts[] {
  const sums = new Map<string, Record<string, number | string>>();
  for (const { protocol, port, ...counts } of all) {
    const sum = sums.get(`${protocol}/${port}`) ?? { protocol, port };
    for (const [name, value] of Object.entries(counts)) sum[name] = Number(sum[name] ?? 0) + Number(value);
    sums.set(`${protocol}/${port}`, sum);
  }
  return [...sums.values()] as unknown as Counts[];
}

const [FAR, OWN] = ['198.51.100', '192.0.2'] as const;

export interface Ends {
  readonly seen: number;
  /** Share of the busiest. */
  readonly top: number;
}

function endsOf({ seen, top }: Ends, total: { packets: number; syn: number }, net: string): TopEndpoint[] {
  const share = (index: number): number => (index === 0 ? top : (1 - top) / Math.max(1, seen - 1));
  return Array.from({ length: Math.min(20, seen) }, (_, index) => ({
    ip: ip(`${net}.${index + 1}`),
    packets: Math.round(total.packets * share(index)),
    bytes: Math.round(total.packets * share(index) * 60),
    syn: Math.round(total.syn * share(index)),
  }));
}

/** A detector that is shown windows second by second. */
export function watching(options: Partial<PacketRateOptions> = {}) {
  const detector = packetRate({ ...OPTIONS, ...options });
  const findings: (Finding & { readonly second: number })[] = [];
  let second = 0;

  function show(
    services: readonly Counts[],
    { sources = { seen: 20, top: 0.1 }, destinations = { seen: 1, top: 1 }, ...rest }: Shown = {},
  ): void {
    const event = windowOf(services, { timeMs: TIME_MS + (second + 1) * 1_000, ...rest });
    const { total } = event;
    const isInbound = event.direction === 'inbound';
    const full = {
      ...event,
      sources: endsOf(sources, total, isInbound ? FAR : OWN),
      destinations: endsOf(destinations, total, isInbound ? OWN : FAR),
      sourcesSeen: sources.seen,
    };
    for (const finding of detector.inspectPackets?.(full) ?? []) findings.push({ ...finding, second });
  }

  return {
    detector,
    findings,
    get second() {
      return second;
    },
    show,
    /** Some seconds of it. */
    run(seconds: number, services: (second: number) => readonly Counts[], shown: Shown = {}): void {
      for (let each = 0; each < seconds; each++) {
        show(services(second), shown);
        second += 1;
      }
    },
    /** Seconds in which nothing is seen at all. */
    skip(seconds: number): void {
      second += seconds;
    },
    tick(): void {
      const nowMs = TIME_MS + (second + 1) * 1_000;
      for (const finding of detector.tick?.(nowMs) ?? []) findings.push({ ...finding, second });
    },
    finish(): void {
      const nowMs = TIME_MS + (second + 1) * 1_000;
      for (const finding of detector.finish?.(nowMs) ?? []) findings.push({ ...finding, second });
    },
    /** Phase, kind and second of each alert. */
    get told(): string[] {
      return findings.map(
        ({ attributes, reason, second: at }) =>
          `${String(attributes['telegen.rate.phase'])} ${reason} @${at}`,
      );
    },
  };
}

export interface Shown extends Partial<Omit<PacketRateEvent, 'sources' | 'destinations'>> {
  readonly sources?: Ends;
  readonly destinations?: Ends;
}

/** Chance that is the same in every run. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A number of independent events of a mean rate, as they come in a second (normal for large means). */
export function poisson(mean: number, next: () => number): number {
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let count = 0;
  for (let left = Math.exp(mean) * next(); left > 1; left *= next()) count += 1;
  return count;
}
