import type { FragmentTable } from './fragments.ts';
import type { PacketView } from './packet-view.ts';

/** What was decoded and, by reason, what was not. */
export interface PacketCounters {
  packets: number;
  tcp: number;
  udp: number;
  icmp: number;
  /** Packets taken out of a tunnel. */
  tunneled: number;
  /** A link type that is not decoded. */
  linkType: number;
  /** ARP, LLDP, spanning tree and all else that is not IP. */
  notIp: number;
  /** An IP protocol other than TCP, UDP, ICMP and the tunnels (ESP and SCTP, for example). */
  otherProtocol: number;
  /** The capture cut the packet inside a header. */
  cutHeader: number;
  /** Wrong version or lengths in an IP header. */
  badIp: number;
  /** The IP header claims more bytes than the frame had; the packet is decoded as if the capture had cut it. */
  longerThanFrame: number;
  /** More than eight IPv6 extension headers. */
  extensionHeaders: number;
  badTransport: number;
  /** More tunnels, one in the other, than are followed. */
  tunnelDepth: number;
  /** More VLAN tags and MPLS labels than are followed. */
  tagDepth: number;
}

export interface DecodeContext {
  readonly view: PacketView;
  readonly counters: PacketCounters;
  readonly fragments: FragmentTable;
}

export function createPacketCounters(): PacketCounters {
  return {
    packets: 0,
    tcp: 0,
    udp: 0,
    icmp: 0,
    tunneled: 0,
    linkType: 0,
    notIp: 0,
    otherProtocol: 0,
    cutHeader: 0,
    badIp: 0,
    longerThanFrame: 0,
    extensionHeaders: 0,
    badTransport: 0,
    tunnelDepth: 0,
    tagDepth: 0,
  };
}

/** Whether `size` more bytes were captured; counts the packet as cut when not. */
export function has({ view, counters }: DecodeContext, size: number): boolean {
  if (view.at + size <= view.end) return true;
  counters.cutHeader++;
  return false;
}
