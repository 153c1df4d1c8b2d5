import { i32, u8, u16 } from './bytes.ts';
import { type DecodeContext, has } from './context.ts';
import { isExtension, readIpv4Addresses, readIpv6Addresses } from './network.ts';
import { IP_PROTOCOL, type PacketView } from './packet-view.ts';

const ICMP_HEADER = 8;
const MAX_QUOTED_EXTENSIONS = 8;
/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
const V4_ERRORS = [3, 4, 5, 11, 12];
/** Types 1 to 127 are errors (RFC 4443). */
const V6_FIRST_QUERY = 128;

/** Why a packet did not arrive, as far as it ends an attempt to connect. */
export type UnreachableReason = 'refused' | 'unreachable';

/** Reads an ICMP or ICMPv6 header and the packet that an error quotes. */
export function decodeIcmp(context: DecodeContext): boolean {
  const { view, counters } = context;
  if (!has(context, ICMP_HEADER)) return false;
  const { bytes, at } = view;
  view.icmpType = u8(bytes, at);
  view.icmpCode = u8(bytes, at + 1);
  view.srcPort = view.dstPort = 0;
  view.at = at + ICMP_HEADER;
  view.hasQuote = isError(view) && readQuote(view);
  counters.icmp++;
  return true;
}

/** What an ICMP error means to who sent the quoted packet; undefined for what does not end a connection attempt. */
export function unreachableReason({
  protocol,
  icmpType,
  icmpCode,
}: PacketView): UnreachableReason | undefined {
  if (protocol === IP_PROTOCOL.icmp) {
    if (icmpType === 11) return 'unreachable';
    // Code 4 is a packet too big: path MTU discovery at work.
    if (icmpType !== 3 || icmpCode === 4) return undefined;
    return icmpCode === 3 ? 'refused' : 'unreachable';
  }
  if (icmpType === 3) return 'unreachable';
  if (icmpType !== 1) return undefined;
  return icmpCode === 4 ? 'refused' : 'unreachable';
}

function isError({ protocol, icmpType }: PacketView): boolean {
  return protocol === IP_PROTOCOL.icmp ? V4_ERRORS.includes(icmpType) : icmpType < V6_FIRST_QUERY;
}

function readQuote(view: PacketView): boolean {
  const { at, end, quoted } = view;
  quoted.vlan = view.vlan;
  quoted.tunnel = view.tunnel;
  quoted.tunnelId = view.tunnelId;
  return view.protocol === IP_PROTOCOL.icmp ? quotedIpv4(view) : at + 40 <= end && quotedIpv6(view);
}

function quotedIpv4(view: PacketView): boolean {
  const { bytes, at, end, quoted } = view;
  if (at + 20 > end || u8(bytes, at) >> 4 !== 4) return false;
  // Only the first fragment has ports.
  if ((u16(bytes, at + 6) & 0x1fff) !== 0) return false;
  readIpv4Addresses(quoted, bytes, at);
  quoted.protocol = u8(bytes, at + 9);
  return quotedPorts(view, at + (u8(bytes, at) & 15) * 4);
}

function quotedIpv6(view: PacketView): boolean {
  const { bytes, end, quoted } = view;
  if (u8(bytes, view.at) >> 4 !== 6) return false;
  readIpv6Addresses(quoted, bytes, view.at);
  let protocol = u8(bytes, view.at + 6);
  let at = view.at + 40;
  for (let headers = 0; headers < MAX_QUOTED_EXTENSIONS && isExtension(protocol); headers++) {
    if (at + 8 > end) return false;
    const next = u8(bytes, at);
    at += (u8(bytes, at + 1) + 1) * 8;
    protocol = next;
  }
  quoted.protocol = protocol;
  return quotedPorts(view, at);
}

function quotedPorts({ bytes, end, quoted }: PacketView, at: number): boolean {
  const isKnown = quoted.protocol === IP_PROTOCOL.tcp || quoted.protocol === IP_PROTOCOL.udp;
  if (!isKnown || at + 8 > end) return false;
  quoted.srcPort = u16(bytes, at);
  quoted.dstPort = u16(bytes, at + 2);
  quoted.seq = i32(bytes, at + 4);
  return true;
}
