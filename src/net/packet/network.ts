import { i32, u8, u16 } from './bytes.ts';
import { type DecodeContext, has } from './context.ts';
import type { FragmentHead } from './fragments.ts';
import { ETHER_TYPE } from './link.ts';
import type { PacketTuple } from './packet-view.ts';

/** There is nothing to decode further: counted, or a fragment that waits for the others. */
export const NO_PROTOCOL = -1;

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const MAX_EXTENSION_HEADERS = 8;
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const;

/** Reads the IP header at `view.at` and joins fragments: the protocol of the payload, or `NO_PROTOCOL`. */
export function decodeNetwork(context: DecodeContext, etherType: number): number {
  return etherType === ETHER_TYPE.ipv4 ? ipv4(context) : ipv6(context);
}

export function readIpv4Addresses(tuple: PacketTuple, bytes: Uint8Array, at: number): void {
  tuple.family = 4;
  tuple.src0 = tuple.src1 = tuple.src2 = tuple.dst0 = tuple.dst1 = tuple.dst2 = 0;
  tuple.src3 = i32(bytes, at + 12);
  tuple.dst3 = i32(bytes, at + 16);
}

export function readIpv6Addresses(tuple: PacketTuple, bytes: Uint8Array, at: number): void {
  tuple.family = 6;
  tuple.src0 = i32(bytes, at + 8);
  tuple.src1 = i32(bytes, at + 12);
  tuple.src2 = i32(bytes, at + 16);
  tuple.src3 = i32(bytes, at + 20);
  tuple.dst0 = i32(bytes, at + 24);
  tuple.dst1 = i32(bytes, at + 28);
  tuple.dst2 = i32(bytes, at + 32);
  tuple.dst3 = i32(bytes, at + 36);
}

function ipv4(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, IPV4_HEADER)) return NO_PROTOCOL;
  const { bytes, at } = view;
  const headerSize = (u8(bytes, at) & 15) * 4;
  const length = u16(bytes, at + 2);
  // Length 0: a packet captured before the network card cut it into segments.
  const isBad = u8(bytes, at) >> 4 !== 4 || headerSize < IPV4_HEADER || (length < headerSize && length !== 0);
  if (isBad) {
    counters.badIp++;
    return NO_PROTOCOL;
  }
  if (length !== 0) limitTo(context, at + length);
  if (!has(context, headerSize)) return NO_PROTOCOL;
  readIpv4Addresses(view, bytes, at);
  view.at = at + headerSize;
  const protocol = u8(bytes, at + 9);
  const fragment = u16(bytes, at + 6);
  if ((fragment & 0x3fff) === 0) return protocol;
  return joinFragment(context, {
    id: u16(bytes, at + 4),
    offset: (fragment & 0x1fff) * 8,
    more: (fragment & 0x2000) !== 0,
    protocol,
  });
}

function ipv6(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, IPV6_HEADER)) return NO_PROTOCOL;
  const { bytes, at } = view;
  if (u8(bytes, at) >> 4 !== 6) {
    counters.badIp++;
    return NO_PROTOCOL;
  }
  // Length 0: a jumbogram, or a packet captured before the network card cut it.
  const length = u16(bytes, at + 4);
  if (length !== 0) limitTo(context, at + IPV6_HEADER + length);
  readIpv6Addresses(view, bytes, at);
  view.at = at + IPV6_HEADER;
  return behindExtensions(context, u8(bytes, at + 6));
}

function behindExtensions(context: DecodeContext, first: number): number {
  const { view, counters } = context;
  let protocol = first;
  for (let headers = 0; headers <= MAX_EXTENSION_HEADERS; headers++) {
    if (protocol === EXTENSION.fragment) {
      protocol = ipv6Fragment(context);
      if (protocol === NO_PROTOCOL) return NO_PROTOCOL;
      continue;
    }
    if (!isExtension(protocol)) return protocol;
    if (!has(context, 8)) return NO_PROTOCOL;
    const size = u8(view.bytes, view.at + 1);
    const next = u8(view.bytes, view.at);
    const skip = protocol === EXTENSION.authentication ? (size + 2) * 4 : (size + 1) * 8;
    if (!has(context, skip)) return NO_PROTOCOL;
    view.at += skip;
    protocol = next;
  }
  counters.extensionHeaders++;
  return NO_PROTOCOL;
}

export function isExtension(protocol: number): boolean {
  switch (protocol) {
    case EXTENSION.hopByHop:
    case EXTENSION.routing:
    case EXTENSION.authentication:
    case EXTENSION.destination:
    case EXTENSION.mobility:
    case EXTENSION.hip:
    case EXTENSION.shim6:
      return true;
    default:
      return false;
  }
}

/** An atomic fragment (offset 0, none follow; RFC 6946) is a whole packet. */
function ipv6Fragment(context: DecodeContext): number {
  const { view } = context;
  if (!has(context, 8)) return NO_PROTOCOL;
  const { bytes, at } = view;
  const place = u16(bytes, at + 2);
  const protocol = u8(bytes, at);
  view.at = at + 8;
  if ((place & 0xfff9) === 0) return protocol;
  return joinFragment(context, {
    id: i32(bytes, at + 4),
    offset: place & 0xfff8,
    more: (place & 1) === 1,
    protocol,
  });
}

function joinFragment({ view, fragments }: DecodeContext, head: FragmentHead): number {
  const whole = fragments.add(view, head);
  if (whole === undefined) return NO_PROTOCOL;
  view.bytes = whole.bytes;
  view.at = 0;
  view.end = view.wireEnd = whole.bytes.length;
  return whole.protocol;
}

/** What follows the IP packet is padding of the frame; what is missing of it the capture cut. */
function limitTo({ view, counters }: DecodeContext, packetEnd: number): void {
  if (packetEnd > view.wireEnd) counters.longerThanFrame++;
  view.wireEnd = packetEnd;
  if (packetEnd < view.end) view.end = packetEnd;
}
