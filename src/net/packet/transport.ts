import { i32, u8, u16 } from './bytes.ts';
import { type DecodeContext, has } from './context.ts';
import { decodeIcmp } from './icmp.ts';
import { ETHER_TYPE } from './link.ts';
import { IP_PROTOCOL, TCP_FLAG, TUNNEL } from './packet-view.ts';
import { decodeGre, decodeUdpTunnel, enterTunnel } from './tunnel.ts';

/** The packet is decoded. Other positive results are the EtherType of a packet inside this one. */
export const DECODED = 0;
/** The packet is of no use; why has been counted. */
export const DROPPED = -1;

const TCP_HEADER = 20;
const UDP_HEADER = 8;
const OPTION_END = 0;
const OPTION_PAD = 1;
const OPTION_WINDOW_SCALE = 3;
const MAX_WINDOW_SCALE = 14;

/** Reads the header at `view.at`: `DECODED`, `DROPPED`, or the EtherType of the packet in the tunnel. */
export function decodeTransport(context: DecodeContext, protocol: number): number {
  const { view, counters } = context;
  view.protocol = protocol;
  switch (protocol) {
    case IP_PROTOCOL.tcp:
      return tcp(context);
    case IP_PROTOCOL.udp:
      return udp(context);
    case IP_PROTOCOL.icmp:
    case IP_PROTOCOL.icmpv6:
      return decodeIcmp(context) ? DECODED : DROPPED;
    case IP_PROTOCOL.gre:
      return decodeGre(context);
    case IP_PROTOCOL.ipip:
      enterTunnel(view, TUNNEL.ipip, 0);
      return ETHER_TYPE.ipv4;
    case IP_PROTOCOL.ipv6:
      enterTunnel(view, TUNNEL.sixInFour, 0);
      return ETHER_TYPE.ipv6;
    default:
      counters.otherProtocol++;
      return DROPPED;
  }
}

function tcp(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, TCP_HEADER)) return DROPPED;
  const { bytes, at } = view;
  const headerSize = (u8(bytes, at + 12) >> 4) * 4;
  if (headerSize < TCP_HEADER || at + headerSize > view.wireEnd) {
    counters.badTransport++;
    return DROPPED;
  }
  view.srcPort = u16(bytes, at);
  view.dstPort = u16(bytes, at + 2);
  view.seq = i32(bytes, at + 4);
  view.ack = i32(bytes, at + 8);
  view.flags = u8(bytes, at + 13);
  view.window = u16(bytes, at + 14);
  view.windowScale = -1;
  const payload = at + headerSize;
  if ((view.flags & TCP_FLAG.syn) !== 0) readWindowScale(context, payload);
  // Payload behind a header that was cut: none was captured, all of it is missing.
  view.at = payload;
  if (view.end < payload) view.end = payload;
  counters.tcp++;
  return DECODED;
}

function readWindowScale({ view }: DecodeContext, headerEnd: number): void {
  const { bytes } = view;
  const end = Math.min(headerEnd, view.end);
  let at = view.at + TCP_HEADER;
  while (at < end) {
    const kind = u8(bytes, at);
    if (kind === OPTION_END) return;
    if (kind === OPTION_PAD) {
      at++;
      continue;
    }
    if (at + 2 > end) return;
    const size = u8(bytes, at + 1);
    if (size < 2) return;
    if (kind === OPTION_WINDOW_SCALE && size === 3 && at + 3 <= end) {
      view.windowScale = Math.min(u8(bytes, at + 2), MAX_WINDOW_SCALE);
      return;
    }
    at += size;
  }
}

function udp(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, UDP_HEADER)) return DROPPED;
  const { bytes, at } = view;
  // Length 0: a datagram too long for the field, or not yet cut by the network card.
  const length = u16(bytes, at + 4) || view.wireEnd - at;
  if (length < UDP_HEADER || at + length > view.wireEnd) {
    counters.badTransport++;
    return DROPPED;
  }
  view.srcPort = u16(bytes, at);
  view.dstPort = u16(bytes, at + 2);
  view.wireEnd = at + length;
  if (view.end > view.wireEnd) view.end = view.wireEnd;
  view.at = at + UDP_HEADER;
  const inner = decodeUdpTunnel(view);
  if (inner !== DECODED) return inner;
  counters.udp++;
  return DECODED;
}
