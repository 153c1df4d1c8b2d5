import { i32, u8, u16 } from './bytes.ts';
import { type DecodeContext, has } from './context.ts';

/** Link types (tcpdump.org/linktypes.html) that are decoded. */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  rawBsd: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
} as const;

export const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd, ethernet: 0x6558 } as const;
/** There is no IP packet in it; what it was has been counted. */
export const NOT_IP = 0;

const VLAN_TYPES = { c: 0x8100, s: 0x88a8, old: 0x9100 } as const;
const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const PPPOE_SESSION = 0x8864;
const MAX_LLC_LENGTH = 1500;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
/** VLAN tags, MPLS labels and the like before the IP header. */
const MAX_TAGS = 8;
/** Address families of the BSD loopback header; IPv6 has a number of its own on every BSD. */
const AF_INET = 2;
const AF_INET6 = [10, 24, 28, 30];

/** Reads the link header: the EtherType of the IP packet at `view.at`, or `NOT_IP`. */
export function decodeLink(context: DecodeContext, linkType: number): number {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return decodeEthernet(context);
    case LINK_TYPE.sll:
      return cooked(context, 16, 14);
    case LINK_TYPE.sll2:
      return cooked(context, 20, 0);
    case LINK_TYPE.raw:
    case LINK_TYPE.rawBsd:
    case LINK_TYPE.rawOpenBsd:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      return byVersion(context);
    case LINK_TYPE.null:
    case LINK_TYPE.loop:
      return loopback(context);
    case LINK_TYPE.ppp:
    case LINK_TYPE.pppHdlc:
      return ppp(context);
    default:
      context.counters.linkType++;
      return NOT_IP;
  }
}

/** An Ethernet header, of a frame or inside a tunnel. */
export function decodeEthernet(context: DecodeContext): number {
  const { view } = context;
  if (!has(context, 14)) return NOT_IP;
  const type = u16(view.bytes, view.at + 12);
  view.at += 14;
  return type === ETHER_TYPE.ipv4 || type === ETHER_TYPE.ipv6 ? type : behindTags(context, type);
}

function cooked(context: DecodeContext, size: number, typeAt: number): number {
  const { view } = context;
  if (!has(context, size)) return NOT_IP;
  const type = u16(view.bytes, view.at + typeAt);
  view.at += size;
  return behindTags(context, type);
}

function behindTags(context: DecodeContext, first: number): number {
  const { counters } = context;
  let type = first;
  for (let tags = 0; tags <= MAX_TAGS; tags++) {
    if (type === ETHER_TYPE.ipv4 || type === ETHER_TYPE.ipv6) return type;
    if (type === VLAN_TYPES.c || type === VLAN_TYPES.s || type === VLAN_TYPES.old) type = vlan(context);
    else if (type === MPLS || type === MPLS_MULTICAST) return mpls(context);
    else if (type === PPPOE_SESSION) return pppoe(context);
    else if (type <= MAX_LLC_LENGTH && type !== NOT_IP) type = snap(context);
    else {
      counters.notIp++;
      return NOT_IP;
    }
    if (type < 0) return NOT_IP;
  }
  counters.tagDepth++;
  return NOT_IP;
}

/** The type behind the tag; -1 when it was cut. Tag 0 is a priority only and no VLAN. */
function vlan(context: DecodeContext): number {
  const { view } = context;
  if (!has(context, 4)) return -1;
  const id = u16(view.bytes, view.at) & 0xfff;
  const type = u16(view.bytes, view.at + 2);
  if (id !== 0 && view.vlanTags < 2) view.vlan |= id << (12 * view.vlanTags++);
  view.at += 4;
  return type;
}

/** 802.3 with LLC and SNAP: only that carries EtherTypes. Anything else has the type 0xffff, which nobody uses. */
function snap(context: DecodeContext): number {
  const { view } = context;
  if (!has(context, 8)) return -1;
  const isSnap = u16(view.bytes, view.at) === 0xaaaa && u8(view.bytes, view.at + 2) === 3;
  const type = u16(view.bytes, view.at + 6);
  view.at += 8;
  return isSnap && type > MAX_LLC_LENGTH ? type : 0xffff;
}

function mpls(context: DecodeContext): number {
  const { view, counters } = context;
  for (let labels = 0; labels < MAX_TAGS; labels++) {
    if (!has(context, 4)) return NOT_IP;
    const bottom = (u8(view.bytes, view.at + 2) & 1) === 1;
    view.at += 4;
    if (bottom) return byVersion(context);
  }
  counters.tagDepth++;
  return NOT_IP;
}

function pppoe(context: DecodeContext): number {
  if (!has(context, 8)) return NOT_IP;
  context.view.at += 6;
  return ppp(context);
}

/** PPP with or without address and control bytes, protocol field of one or two bytes. */
function ppp(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, 4)) return NOT_IP;
  const { bytes } = view;
  if (u8(bytes, view.at) === 0xff && u8(bytes, view.at + 1) === 3) view.at += 2;
  const isShort = (u8(bytes, view.at) & 1) === 1;
  const protocol = isShort ? u8(bytes, view.at) : u16(bytes, view.at);
  view.at += isShort ? 1 : 2;
  if (protocol === PPP_IPV4) return ETHER_TYPE.ipv4;
  if (protocol === PPP_IPV6) return ETHER_TYPE.ipv6;
  counters.notIp++;
  return NOT_IP;
}

/** The family is in the byte order of the machine that captured (NULL) or of the network (LOOP): both are tried. */
function loopback(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, 4)) return NOT_IP;
  const word = i32(view.bytes, view.at);
  const family = word >>> 24 !== 0 ? word >>> 24 : word & 0xff;
  view.at += 4;
  if (family === AF_INET) return ETHER_TYPE.ipv4;
  if (AF_INET6.includes(family)) return ETHER_TYPE.ipv6;
  counters.notIp++;
  return NOT_IP;
}

function byVersion(context: DecodeContext): number {
  const { view, counters } = context;
  if (!has(context, 1)) return NOT_IP;
  const version = u8(view.bytes, view.at) >> 4;
  if (version === 4) return ETHER_TYPE.ipv4;
  if (version === 6) return ETHER_TYPE.ipv6;
  counters.notIp++;
  return NOT_IP;
}
