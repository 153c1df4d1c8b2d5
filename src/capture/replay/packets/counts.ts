import type { PacketCounts, PacketProtocol, ServiceCounts } from '../../../model/packets.ts';
import { IP_PROTOCOL, type PacketView, TCP_FLAG } from '../../../net/packet/packet-view.ts';

export type MutableCounts = { -readonly [K in keyof PacketCounts]: PacketCounts[K] };

/** Bytes of a packet that counts as small. */
const SMALL_BYTES = 128;
const ANY_FLAG = TCP_FLAG.fin | TCP_FLAG.syn | TCP_FLAG.rst | TCP_FLAG.psh | TCP_FLAG.ack | TCP_FLAG.urg;
const XMAS = TCP_FLAG.fin | TCP_FLAG.psh | TCP_FLAG.urg;

export function emptyCounts(): MutableCounts {
  return {
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
}

/** SYN without ACK. */
export function isSyn({ protocol, flags }: PacketView): boolean {
  return protocol === IP_PROTOCOL.tcp && (flags & (TCP_FLAG.syn | TCP_FLAG.ack)) === TCP_FLAG.syn;
}

/** How TCP flags probe that no TCP sends. */
export function oddFlags({ flags }: PacketView): 'null' | 'fin' | 'xmas' | undefined {
  const known = flags & ANY_FLAG;
  if (known === 0) return 'null';
  if (known === TCP_FLAG.fin) return 'fin';
  return known === XMAS ? 'xmas' : undefined;
}

export function addSize(counts: MutableCounts, bytes: number): void {
  counts.packets += 1;
  counts.bytes += bytes;
  if (bytes <= SMALL_BYTES) counts.small += 1;
}

export function addFlags(counts: MutableCounts, view: PacketView): void {
  const { flags } = view;
  if ((flags & TCP_FLAG.syn) !== 0) {
    if ((flags & TCP_FLAG.ack) === 0) counts.syn += 1;
    else counts.synAck += 1;
  }
  if ((flags & TCP_FLAG.rst) !== 0) counts.rst += 1;
  if ((flags & TCP_FLAG.fin) !== 0) counts.fin += 1;
  if ((flags & TCP_FLAG.ack) !== 0) return;
  const odd = oddFlags(view);
  if (odd === 'null') counts.nullFlags += 1;
  else if (odd === 'fin') counts.finOnly += 1;
  else if (odd === 'xmas') counts.xmas += 1;
}

const COUNT_NAMES = Object.keys(emptyCounts()) as readonly (keyof PacketCounts)[];

/** Services of a direction and window that are told apart; the rest of a protocol is one. */
const MAX_SERVICES = 1_024;
const PORTS = 65_536;
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'other'] as const satisfies readonly PacketProtocol[];

function numberOf(protocol: PacketProtocol): number {
  if (protocol === 'tcp') return 0;
  return protocol === 'udp' ? 1 : PROTOCOLS.indexOf(protocol);
}

/** What went to each service in one direction. */
export class ServiceTable {
  readonly #services = new Map<number, MutableCounts>();
  /** Those without a port, by protocol: answers are among them, half of all packets. */
  readonly #portless: (MutableCounts | undefined)[] = PROTOCOLS.map(() => undefined);
  #lastKey = -1;
  #last = emptyCounts();

  /** Counts of a service, `port` 0 for none. */
  of(protocol: PacketProtocol, port: number): MutableCounts {
    const key = numberOf(protocol) * PORTS + port;
    if (port === 0) return this.#portlessOf(key);
    if (key === this.#lastKey) return this.#last;
    let counts = this.#services.get(key);
    if (counts === undefined) {
      if (this.#services.size >= MAX_SERVICES) return this.of(protocol, 0);
      counts = emptyCounts();
      this.#services.set(key, counts);
    }
    this.#lastKey = key;
    this.#last = counts;
    return counts;
  }

  #portlessOf(key: number): MutableCounts {
    const known = this.#portless[key / PORTS];
    if (known !== undefined) return known;
    const counts = emptyCounts();
    this.#services.set(key, counts);
    this.#portless[key / PORTS] = counts;
    return counts;
  }

  get isEmpty(): boolean {
    return this.#services.size === 0;
  }

  /** All services' counts summed: what is folded is in there, too. */
  total(): PacketCounts {
    const total = emptyCounts();
    for (const counts of this.#services.values()) for (const name of COUNT_NAMES) total[name] += counts[name];
    return total;
  }

  list(): ServiceCounts[] {
    return [...this.#services].map(([key, counts]) => ({
      protocol: PROTOCOLS[Math.floor(key / PORTS)] ?? 'other',
      port: key % PORTS,
      ...counts,
    }));
  }
}
