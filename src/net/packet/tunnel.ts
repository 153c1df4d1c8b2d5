import { i32, u8, u16 } from './bytes.ts';
import { type DecodeContext, has } from './context.ts';
import { ETHER_TYPE } from './link.ts';
import { type PacketView, TUNNEL } from './packet-view.ts';

/** IANA's port, and the one that the Linux kernel (and so flannel and Cilium) used before there was one. */
const VXLAN_PORT = 4789;
const LINUX_VXLAN_PORT = 8472;
const GENEVE_PORT = 6081;
const VXLAN_HEADER = 8;
const GENEVE_HEADER = 8;
const GRE_HEADER = 4;
const GRE_FLAG = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000 } as const;
const GRE_VERSION = 7;
/** ERSPAN II: Ethernet behind a header of eight bytes. */
const ERSPAN = 0x88be;
const ERSPAN_HEADER = 8;
const NO_TUNNEL = 0;
const FAILED = -1;

/** The outermost tunnel is the one that is remembered. */
export function enterTunnel(view: PacketView, tunnel: number, id: number): void {
  if (view.tunnel !== TUNNEL.none) return;
  view.tunnel = tunnel;
  view.tunnelId = id;
}

/** EtherType of the packet in a VXLAN or Geneve datagram; 0 for a datagram that is neither. */
export function decodeUdpTunnel(view: PacketView): number {
  if (view.dstPort === VXLAN_PORT || view.dstPort === LINUX_VXLAN_PORT) return vxlan(view);
  return view.dstPort === GENEVE_PORT ? geneve(view) : NO_TUNNEL;
}

function vxlan(view: PacketView): number {
  const { bytes, at } = view;
  if (at + VXLAN_HEADER > view.end) return NO_TUNNEL;
  const flags = u8(bytes, at);
  // Bit 0x80 is the group policy extension, which uses the two bytes behind.
  const hasReserved = (flags & 0x77) !== 0 || (flags < 0x80 && i32(bytes, at) << 8 !== 0);
  if ((flags & 0x08) === 0 || hasReserved || u8(bytes, at + 7) !== 0) return NO_TUNNEL;
  enterTunnel(view, TUNNEL.vxlan, i32(bytes, at + 4) >>> 8);
  view.at = at + VXLAN_HEADER;
  return ETHER_TYPE.ethernet;
}

function geneve(view: PacketView): number {
  const { bytes, at } = view;
  if (at + GENEVE_HEADER > view.end) return NO_TUNNEL;
  const type = u16(bytes, at + 2);
  const start = at + GENEVE_HEADER + (u8(bytes, at) & 0x3f) * 4;
  const isGeneve = u8(bytes, at) >> 6 === 0 && u8(bytes, at + 7) === 0 && start <= view.end;
  if (!isGeneve || !isPacketType(type)) return NO_TUNNEL;
  enterTunnel(view, TUNNEL.geneve, i32(bytes, at + 4) >>> 8);
  view.at = start;
  return type;
}

/** GRE version 0: EtherType of the packet inside; -1 for what cannot be followed (PPTP, for example). */
export function decodeGre(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, GRE_HEADER)) return FAILED;
  const { bytes, at } = view;
  const flags = u16(bytes, at);
  const type = u16(bytes, at + 2);
  const isFollowed =
    (flags & (GRE_VERSION | GRE_FLAG.routing)) === 0 && (isPacketType(type) || type === ERSPAN);
  if (!isFollowed) {
    counters.otherProtocol++;
    return FAILED;
  }
  const keyAt = at + GRE_HEADER + ((flags & GRE_FLAG.checksum) !== 0 ? 4 : 0);
  const hasKey = (flags & GRE_FLAG.key) !== 0;
  const hasSequence = (flags & GRE_FLAG.sequence) !== 0;
  // ERSPAN of type I, without a sequence number, has no header of its own.
  const erspan = type === ERSPAN && hasSequence ? ERSPAN_HEADER : 0;
  const size = keyAt - at + (hasKey ? 4 : 0) + (hasSequence ? 4 : 0) + erspan;
  if (!has(context, size)) return FAILED;
  enterTunnel(view, TUNNEL.gre, hasKey ? i32(bytes, keyAt) : 0);
  view.at = at + size;
  return type === ERSPAN ? ETHER_TYPE.ethernet : type;
}

function isPacketType(type: number): boolean {
  return type === ETHER_TYPE.ipv4 || type === ETHER_TYPE.ipv6 || type === ETHER_TYPE.ethernet;
}
