import type { IpAddress } from '../../model/ip-address.ts';
import { ipFromWords, ipv4FromWord } from '../ip.ts';

export const IP_PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, icmpv6: 58 } as const;
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;
/** What the outermost tunnel was; with its id it keeps the conversations of different tunnels apart. */
export const TUNNEL = { none: 0, vxlan: 1, geneve: 2, gre: 3, ipip: 4, sixInFour: 5 } as const;

/** Addresses and ports. Address words are signed 32-bit; IPv4 lives in word 3 alone. Ports are 0 where there are none. */
export interface PacketTuple {
  family: 4 | 6;
  protocol: number;
  src0: number;
  src1: number;
  src2: number;
  src3: number;
  dst0: number;
  dst1: number;
  dst2: number;
  dst3: number;
  srcPort: number;
  dstPort: number;
  /** First and second VLAN id, `outer | inner << 12`; 0 without. */
  vlan: number;
  /** `TUNNEL` and id (VNI, GRE key) of the outermost tunnel. */
  tunnel: number;
  tunnelId: number;
}

/** The head of a packet that an ICMP error quotes: the packet that failed, as its sender sent it. */
export interface QuotedPacket extends PacketTuple {
  /** TCP sequence number. */
  seq: number;
}

/**
 * One packet, decoded. The same object is used for all packets of a decoder, so that decoding allocates nothing.
 * The payload is `bytes[at, end)`; on the wire it reached to `wireEnd` (beyond `end` when the capture cut it).
 */
export interface PacketView extends PacketTuple {
  bytes: Uint8Array;
  at: number;
  end: number;
  wireEnd: number;
  timeMs: number;
  /** TCP: signed 32-bit. */
  seq: number;
  ack: number;
  /** `TCP_FLAG` bits. */
  flags: number;
  window: number;
  /** Window scale option of a SYN; -1 without. */
  windowScale: number;
  icmpType: number;
  icmpCode: number;
  /** An ICMP error quotes the packet in `quoted`. */
  hasQuote: boolean;
  readonly quoted: QuotedPacket;
  /** VLAN tags seen so far. */
  vlanTags: number;
}

export function emptyTuple(): PacketTuple {
  return {
    family: 4,
    protocol: 0,
    src0: 0,
    src1: 0,
    src2: 0,
    src3: 0,
    dst0: 0,
    dst1: 0,
    dst2: 0,
    dst3: 0,
    srcPort: 0,
    dstPort: 0,
    vlan: 0,
    tunnel: 0,
    tunnelId: 0,
  };
}

export function createPacketView(): PacketView {
  // Written out: what is added to a copy lies apart from the object, one more step away for each access.
  return {
    family: 4,
    protocol: 0,
    src0: 0,
    src1: 0,
    src2: 0,
    src3: 0,
    dst0: 0,
    dst1: 0,
    dst2: 0,
    dst3: 0,
    srcPort: 0,
    dstPort: 0,
    vlan: 0,
    tunnel: 0,
    tunnelId: 0,
    bytes: new Uint8Array(0),
    at: 0,
    end: 0,
    wireEnd: 0,
    timeMs: 0,
    seq: 0,
    ack: 0,
    flags: 0,
    window: 0,
    windowScale: -1,
    icmpType: 0,
    icmpCode: 0,
    hasQuote: false,
    quoted: { ...emptyTuple(), seq: 0 },
    vlanTags: 0,
  };
}

export function sourceIp({ family, src0, src1, src2, src3 }: PacketTuple): IpAddress {
  return family === 4 ? ipv4FromWord(src3) : ipFromWords([src0, src1, src2, src3]);
}

export function destinationIp({ family, dst0, dst1, dst2, dst3 }: PacketTuple): IpAddress {
  return family === 4 ? ipv4FromWord(dst3) : ipFromWords([dst0, dst1, dst2, dst3]);
}
