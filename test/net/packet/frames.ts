import { formatIp } from '../../../src/net/ip.ts';
import { createPacketDecoder, type PacketDecoder } from '../../../src/net/packet/decode.ts';
import { destinationIp, type PacketTuple, sourceIp } from '../../../src/net/packet/packet-view.ts';
import { BEGIN_NS, batchOf } from '../../support/capture-files.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  extension,
  fields,
  geneve,
  gre,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../../support/packets.ts';

export interface Decoded {
  readonly isDecoded: boolean;
  readonly ends: string;
  readonly payload: string;
  /** Bytes of the payload that the capture lacks. */
  readonly missing: number;
  readonly decoder: PacketDecoder;
}

/** Decodes packets with one decoder; tells about the last one. */
export function decodeAll(frames: readonly Bytes[], linkType = 1, originalLength?: number): Decoded {
  const decoder = createPacketDecoder();
  const packets = frames.map((bytes, index) => ({
    bytes,
    timeNs: BEGIN_NS + BigInt(index) * 1_000_000n,
    ...(originalLength === undefined ? {} : { originalLength }),
  }));
  const batch = batchOf(packets, linkType);
  let isDecoded = false;
  for (let index = 0; index < batch.count; index++) isDecoded = decoder.decode(batch, index);
  const { view } = decoder;
  const payload = new TextDecoder().decode(view.bytes.subarray(view.at, view.end));
  return {
    isDecoded,
    ends: isDecoded ? endsOf(view) : '',
    payload,
    missing: view.wireEnd - view.end,
    decoder,
  };
}

export function endsOf(tuple: PacketTuple): string {
  return `${formatIp(sourceIp(tuple))}:${tuple.srcPort} ${formatIp(destinationIp(tuple))}:${tuple.dstPort}`;
}

export const V4_ENDS = '192.0.2.1:40000 198.51.100.2:80';
export const V6_ENDS = '[2001:db8::1]:40000'.replace(/[[\]]/g, '').concat(' 2001:db8:1::2:80');

const segment = tcp({}, text('payload'));
export const V4 = ipv4({ protocol: PROTO.tcp }, segment);
export const V6 = ipv6({ protocol: PROTO.tcp }, segment);
const outer = { src: '203.0.113.1', dst: '203.0.113.2' };
const outer6 = { src: '2001:db8:f::1', dst: '2001:db8:f::2' };
const frame = ethernet(ETHER.ipv4, V4);
const overUdp = (dstPort: number, payload: Bytes): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ ...outer, protocol: PROTO.udp }, udp({ dstPort }, payload)));
const overIp = (protocol: number, payload: Bytes): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ ...outer, protocol }, payload));
const label = (value: number, isBottom: boolean): Bytes =>
  fields([32, (value << 12) | (isBottom ? 0x100 : 0) | 64]);

export interface Wrapping {
  readonly name: string;
  readonly bytes: Bytes;
  readonly linkType?: number;
  readonly ends?: string;
  readonly vlan?: number;
  readonly tunnel?: readonly [kind: number, id: number];
  /** tcpdump's words for the inner packet occur in its output. */
  readonly tcpdump?: boolean;
}

/** The same TCP segment, in every wrapping that is decoded. */
export const WRAPPINGS: readonly Wrapping[] = [
  { name: 'Ethernet, IPv4', bytes: frame, tcpdump: true },
  { name: 'Ethernet, IPv6', bytes: ethernet(ETHER.ipv6, V6), ends: V6_ENDS },
  {
    name: 'IPv4 options',
    bytes: ethernet(ETHER.ipv4, ipv4({ protocol: 6, options: fields([32, 0x01010100]) }, segment)),
    tcpdump: true,
  },
  {
    name: 'TCP options',
    bytes: ethernet(
      ETHER.ipv4,
      ipv4({ protocol: 6 }, tcp({ options: new Uint8Array(12).fill(1) }, text('payload'))),
    ),
    tcpdump: true,
  },
  { name: 'padding of the frame', bytes: concat(frame, new Uint8Array(30)), tcpdump: true },
  {
    name: 'total length 0 (before segmentation)',
    bytes: ethernet(ETHER.ipv4, ipv4({ protocol: 6, totalLength: 0 }, segment)),
  },
  {
    name: 'IPv6 payload length 0',
    bytes: ethernet(ETHER.ipv6, ipv6({ protocol: 6, payloadLength: 0 }, segment)),
    ends: V6_ENDS,
  },
  {
    name: 'IPv6 extension headers',
    bytes: ethernet(
      ETHER.ipv6,
      ipv6({ protocol: 0 }, extension(43, extension(60, extension(6, segment, 2)), 1)),
    ),
    ends: V6_ENDS,
  },
  {
    name: 'IPv6 authentication header',
    bytes: ethernet(
      ETHER.ipv6,
      ipv6({ protocol: 51 }, concat(fields([8, 6], [8, 4], [16, 0]), new Uint8Array(20), segment)),
    ),
    ends: V6_ENDS,
  },
  { name: 'VLAN', bytes: ethernet(ETHER.vlan, vlan(100, ETHER.ipv4, V4)), vlan: 100, tcpdump: true },
  { name: 'priority tag', bytes: ethernet(ETHER.vlan, vlan(0, ETHER.ipv4, V4)), vlan: 0, tcpdump: true },
  {
    name: 'QinQ',
    bytes: ethernet(ETHER.qinq, vlan(7, ETHER.vlan, vlan(100, ETHER.ipv4, V4))),
    vlan: 7 | (100 << 12),
    tcpdump: true,
  },
  {
    name: 'QinQ of old',
    bytes: ethernet(0x9100, vlan(7, ETHER.vlan, vlan(100, ETHER.ipv6, V6))),
    vlan: 7 | (100 << 12),
    ends: V6_ENDS,
  },
  { name: 'MPLS', bytes: ethernet(ETHER.mpls, concat(label(16, false), label(17, true), V4)), tcpdump: true },
  {
    name: 'PPPoE',
    bytes: ethernet(0x8864, concat(fields([16, 0x1100], [16, 1], [16, V4.length + 2], [16, 0x21]), V4)),
    tcpdump: true,
  },
  {
    name: '802.3 with SNAP',
    bytes: ethernet(V4.length + 8, concat(fields([32, 0xaaaa0300], [16, 0], [16, ETHER.ipv4]), V4)),
    tcpdump: true,
  },
  { name: 'raw', bytes: V4, linkType: 101, tcpdump: true },
  { name: 'raw, IPv6', bytes: V6, linkType: 101, ends: V6_ENDS },
  { name: 'raw of BSD', bytes: V4, linkType: 12 },
  { name: 'raw of OpenBSD', bytes: V6, linkType: 14, ends: V6_ENDS },
  { name: 'IPv4 only', bytes: V4, linkType: 228, tcpdump: true },
  { name: 'IPv6 only', bytes: V6, linkType: 229, ends: V6_ENDS },
  {
    name: 'Linux cooked',
    bytes: concat(fields([16, 0], [16, 1], [16, 6], [32, 0], [32, 0], [16, ETHER.ipv4]), V4),
    linkType: 113,
    tcpdump: true,
  },
  {
    name: 'Linux cooked, VLAN',
    bytes: concat(
      fields([16, 0], [16, 1], [16, 6], [32, 0], [32, 0], [16, ETHER.vlan]),
      vlan(9, ETHER.ipv4, V4),
    ),
    linkType: 113,
    vlan: 9,
  },
  {
    name: 'Linux cooked 2',
    bytes: concat(fields([16, ETHER.ipv6], [16, 0], [32, 3], [16, 1], [8, 0], [8, 6], [32, 0], [32, 0]), V6),
    linkType: 276,
    ends: V6_ENDS,
  },
  {
    name: 'loopback, little endian',
    bytes: concat(Uint8Array.of(2, 0, 0, 0), V4),
    linkType: 0,
    tcpdump: true,
  },
  { name: 'loopback, big endian', bytes: concat(fields([32, 2]), V4), linkType: 0 },
  {
    name: 'loopback of FreeBSD, IPv6',
    bytes: concat(Uint8Array.of(28, 0, 0, 0), V6),
    linkType: 0,
    ends: V6_ENDS,
  },
  { name: 'loopback of OpenBSD', bytes: concat(fields([32, 24]), V6), linkType: 108, ends: V6_ENDS },
  { name: 'PPP', bytes: concat(fields([16, 0xff03], [16, 0x21]), V4), linkType: 9 },
  { name: 'PPP, compressed protocol', bytes: concat(fields([8, 0x57]), V6), linkType: 50, ends: V6_ENDS },
  { name: 'VXLAN', bytes: overUdp(4789, vxlan(0xabcdef, frame)), tunnel: [1, 0xabcdef], tcpdump: true },
  {
    name: 'VXLAN, port of Linux',
    bytes: overUdp(8472, vxlan(5, ethernet(ETHER.ipv6, V6))),
    tunnel: [1, 5],
    ends: V6_ENDS,
  },
  {
    name: 'VXLAN with a group policy',
    bytes: overUdp(4789, concat(fields([32, 0x88000007], [32, 5 << 8]), frame)),
    tunnel: [1, 5],
  },
  {
    name: 'VXLAN in a VLAN, VLAN inside',
    bytes: ethernet(
      ETHER.vlan,
      vlan(
        3,
        ETHER.ipv4,
        ipv4(
          { ...outer, protocol: 17 },
          udp({ dstPort: 4789 }, vxlan(5, ethernet(ETHER.vlan, vlan(4, ETHER.ipv4, V4)))),
        ),
      ),
    ),
    tunnel: [1, 5],
    vlan: 3 | (4 << 12),
  },
  {
    name: 'Geneve, Ethernet',
    bytes: overUdp(6081, geneve(77, { type: 0x6558, options: 2 }, frame)),
    tunnel: [2, 77],
    tcpdump: true,
  },
  { name: 'Geneve, IP', bytes: overUdp(6081, geneve(78, { type: ETHER.ipv4 }, V4)), tunnel: [2, 78] },
  { name: 'GRE', bytes: overIp(PROTO.gre, gre({ type: ETHER.ipv4 }, V4)), tunnel: [3, 0], tcpdump: true },
  {
    name: 'GRE, key, checksum, sequence',
    bytes: overIp(PROTO.gre, gre({ type: ETHER.ipv6, key: 99, checksum: true, sequence: 1 }, V6)),
    tunnel: [3, 99],
    ends: V6_ENDS,
  },
  { name: 'GRE, Ethernet', bytes: overIp(PROTO.gre, gre({ type: 0x6558, key: 4 }, frame)), tunnel: [3, 4] },
  {
    name: 'ERSPAN',
    bytes: overIp(PROTO.gre, gre({ type: 0x88be, sequence: 1 }, concat(new Uint8Array(8), frame))),
    tunnel: [3, 0],
  },
  { name: 'ERSPAN I', bytes: overIp(PROTO.gre, gre({ type: 0x88be }, frame)), tunnel: [3, 0] },
  { name: 'IP in IP', bytes: overIp(PROTO.ipip, V4), tunnel: [4, 0], tcpdump: true },
  { name: '6in4', bytes: overIp(PROTO.ipv6, V6), tunnel: [5, 0], ends: V6_ENDS },
  {
    name: 'IPv4 in IPv6',
    bytes: ethernet(ETHER.ipv6, ipv6({ ...outer6, protocol: PROTO.ipip }, V4)),
    tunnel: [4, 0],
  },
  {
    name: 'four tunnels: the outermost counts',
    bytes: overUdp(
      4789,
      vxlan(
        1,
        overUdp(
          4789,
          vxlan(
            2,
            overIp(
              PROTO.gre,
              gre({ type: ETHER.ipv4, key: 3 }, ipv4({ ...outer, protocol: PROTO.ipip }, V4)),
            ),
          ),
        ),
      ),
    ),
    tunnel: [1, 1],
  },
];
