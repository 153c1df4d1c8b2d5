import type { IpAddress } from './ip-address.ts';
import type { Owner, Process, Workload } from './process.ts';

/** IP protocols that packets are counted by; `other` is every other IP protocol, or no IP at all. */
export const PACKET_PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'other'] as const;
export type PacketProtocol = (typeof PACKET_PROTOCOLS)[number];

/**
 * Packets of one kind in one window, of one interface and direction. Counts are of all packets: those of a sample have
 * been multiplied by its rate.
 */
export interface PacketCounts {
  readonly packets: number;
  /** Bytes on the wire, from the link header on. */
  readonly bytes: number;
  /** Packets of at most 128 bytes. */
  readonly small: number;
  /** TCP only. SYN without ACK. */
  readonly syn: number;
  readonly synAck: number;
  readonly rst: number;
  readonly fin: number;
  /** TCP flags that no TCP sends: none at all, FIN alone without ACK, FIN+PSH+URG. */
  readonly nullFlags: number;
  readonly finOnly: number;
  readonly xmas: number;
}

/** What went to one service: protocol and destination port (0 for protocols without ports, for answers to clients, and for folded ports). */
export interface ServiceCounts extends PacketCounts {
  readonly protocol: PacketProtocol;
  readonly port: number;
}

/** An end of traffic that stands out in a window. */
export interface TopEndpoint {
  readonly ip: IpAddress;
  readonly packets: number;
  readonly bytes: number;
  readonly syn: number;
}

/** A process that sends much in a window (live, outbound only). */
export interface TopSender {
  readonly owner: Owner;
  readonly packets: number;
  readonly bytes: number;
  /** Filled in by enrichment. */
  readonly process?: Process | undefined;
  readonly workload?: Workload | undefined;
}

/** What sampled packets of a window speak, by the beginning of their payload, at one port of servers. */
export interface SampledApplication {
  /** Such as `http`, `tls`, `ssh`. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** Of the server. */
  readonly port: number;
  /** Scaled back from the sample. */
  readonly packets: number;
  /** Ends of the first of them, and whether it came from the server. */
  readonly client: IpAddress;
  readonly server: IpAddress;
  readonly isAnswer: boolean;
}

/** What passed one interface, in one direction, in a window of about a second. */
export interface PacketRateEvent {
  readonly kind: 'packet_rate';
  /** End of the window, epoch milliseconds. */
  readonly timeMs: number;
  /** Length of the window. */
  readonly intervalMs: number;
  readonly interface: string;
  readonly direction: 'inbound' | 'outbound';
  /** All services' counts summed, exact also where `services` had to be folded. */
  readonly total: PacketCounts;
  /** At most one entry of a protocol and port. */
  readonly services: readonly ServiceCounts[];
  /** What `xdp.filters` leave out, by protocol alone; part of the entries of `services` with port 0 (live). */
  readonly filteredOut?: readonly ServiceCounts[];
  /** The busiest first, at most 20 each. */
  readonly sources: readonly TopEndpoint[];
  readonly destinations: readonly TopEndpoint[];
  /** Distinct sources seen in the window; a lower bound when the table of sources was full. */
  readonly sourcesSeen: number;
  readonly senders?: readonly TopSender[];
  /** Far ends that a list names (live): sources of what came in, destinations of what left; the busiest first, at most 20. */
  readonly listed?: readonly TopEndpoint[];
  /** The most frequent first, at most 20 (live). */
  readonly applications?: readonly SampledApplication[];
}

/** How a probe asks. */
export const PROBE_KINDS = ['syn', 'null', 'fin', 'xmas', 'udp', 'icmp_echo'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** What came back, as far as it was seen: `rst` also stands for ICMP port unreachable. */
export type ProbeAnswer = 'open' | 'rst' | 'none';

/**
 * A first packet from outside to a port (or, for ICMP, an address) of this host or of a capture's network; told once per
 * source, target, port and kind while these are remembered.
 */
export interface ProbeEvent {
  readonly kind: 'probe';
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly interface: string;
  readonly source: IpAddress;
  readonly target: IpAddress;
  /** 0 for ICMP. */
  readonly port: number;
  readonly probe: ProbeKind;
  readonly answer: ProbeAnswer;
}

/** The head of one packet out of N (live). */
export interface PacketSample {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly interface: string;
  readonly direction: 'inbound' | 'outbound';
  readonly protocol: PacketProtocol;
  /** Absent for what is no IP. */
  readonly source?: IpAddress;
  readonly target?: IpAddress;
  readonly sourcePort: number;
  readonly port: number;
  /** Bytes on the wire. */
  readonly wireSize: number;
  /** That the network card, or the stack, had put together. */
  readonly packets: number;
  /** How its payload begins; only valid during the call. */
  readonly payload: Uint8Array;
}
