/** Packets from the inside out: each function wraps bytes in one more header. Independent of the decoder. */
import { parseIp } from '../../src/net/ip.ts';

export type Bytes = Uint8Array;

export const ETHER = {
  ipv4: 0x0800,
  ipv6: 0x86dd,
  arp: 0x0806,
  vlan: 0x8100,
  qinq: 0x88a8,
  mpls: 0x8847,
} as const;
export const PROTO = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, esp: 50, icmpv6: 58 } as const;

export function concat(...parts: readonly Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat(parts));
}

export function text(value: string): Bytes {
  return new TextEncoder().encode(value);
}

/** Fields of 8, 16 or 32 bits in network order. */
export function fields(...values: readonly (readonly [bits: 8 | 16 | 32, value: number])[]): Bytes {
  const bytes: number[] = [];
  for (const [bits, value] of values) {
    for (let shift = bits - 8; shift >= 0; shift -= 8) bytes.push((value >>> shift) & 255);
  }
  return Uint8Array.from(bytes);
}

export function address(value: string): Bytes {
  const ip = parseIp(value);
  if (ip === undefined) throw new Error(`not an address: ${value}`);
  const words = ip.family === 4 ? [ip.w3] : [ip.w0, ip.w1, ip.w2, ip.w3];
  return fields(...words.map((word) => [32, word] as const));
}

export function ethernet(type: number, payload: Bytes): Bytes {
  return concat(fields([32, 0x02000000], [16, 1], [32, 0x02000000], [16, 2], [16, type]), payload);
}

export function vlan(id: number, type: number, payload: Bytes): Bytes {
  return concat(fields([16, id], [16, type]), payload);
}

export interface Ipv4Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol: number;
  readonly id?: number;
  /** Of the fragment, in bytes. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly options?: Bytes;
  /** Instead of the true one. */
  readonly totalLength?: number;
}

export function ipv4(head: Ipv4Fields, payload: Bytes): Bytes {
  const { src = '192.0.2.1', dst = '198.51.100.2', protocol, id = 1, offset = 0, more = false } = head;
  const options = head.options ?? new Uint8Array(0);
  const size = 20 + options.length;
  const fragment = (more ? 0x2000 : 0) | (offset / 8);
  return concat(
    fields([8, 0x40 | (size / 4)], [8, 0], [16, head.totalLength ?? size + payload.length], [16, id]),
    fields([16, fragment], [8, 64], [8, protocol], [16, 0]),
    address(src),
    address(dst),
    options,
    payload,
  );
}

export interface Ipv6Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol: number;
  readonly payloadLength?: number;
}

export function ipv6(head: Ipv6Fields, payload: Bytes): Bytes {
  const { src = '2001:db8::1', dst = '2001:db8:1::2', protocol } = head;
  const length = head.payloadLength ?? payload.length;
  return concat(
    fields([32, 0x60000000], [16, length], [8, protocol], [8, 64]),
    address(src),
    address(dst),
    payload,
  );
}

/** Either version, by its addresses. */
export function ip(head: Ipv4Fields | Ipv6Fields, payload: Bytes): Bytes {
  return (head.src ?? '').includes(':') ? ipv6(head, payload) : ipv4(head, payload);
}

/** An extension header of `8 * (units + 1)` bytes. */
export function extension(next: number, payload: Bytes, units = 0): Bytes {
  return concat(fields([8, next], [8, units], [16, 0], [32, 0]), new Uint8Array(units * 8), payload);
}

export interface FragmentFields {
  readonly next: number;
  readonly id: number;
  readonly offset: number;
  readonly more: boolean;
}

export function fragmentHeader({ next, id, offset, more }: FragmentFields, payload: Bytes): Bytes {
  return concat(fields([8, next], [8, 0], [16, offset | (more ? 1 : 0)], [32, id]), payload);
}

export interface TcpFields {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly seq?: number;
  readonly ack?: number;
  /** Letters out of `FSRPAU`; `A` alone by default. */
  readonly flags?: string;
  readonly window?: number;
  readonly options?: Bytes;
}

const FLAG_LETTERS = 'FSRPAU';

export function tcp(head: TcpFields, payload: Bytes = new Uint8Array(0)): Bytes {
  const { srcPort = 40_000, dstPort = 80, seq = 0, ack = 0, window = 65_535, flags = 'A' } = head;
  const options = head.options ?? new Uint8Array(0);
  const bits = flags.split('').reduce((sum, letter) => sum | (1 << FLAG_LETTERS.indexOf(letter)), 0);
  const size = 20 + options.length;
  return concat(
    fields([16, srcPort], [16, dstPort], [32, seq], [32, ack], [8, (size / 4) << 4], [8, bits], [16, window]),
    fields([32, 0]),
    options,
    payload,
  );
}

export interface UdpFields {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly length?: number;
}

export function udp({ srcPort = 50_000, dstPort = 53, length }: UdpFields, payload: Bytes): Bytes {
  return concat(fields([16, srcPort], [16, dstPort], [16, length ?? payload.length + 8], [16, 0]), payload);
}

/** ICMP or ICMPv6; an error quotes `payload`. */
export function icmp(type: number, code: number, payload: Bytes): Bytes {
  return concat(fields([8, type], [8, code], [16, 0], [32, 0]), payload);
}

export function vxlan(vni: number, frame: Bytes, flags = 0x08): Bytes {
  return concat(fields([8, flags], [8, 0], [16, 0], [32, vni << 8]), frame);
}

export function geneve(
  vni: number,
  inner: { readonly type: number; readonly options?: number },
  payload: Bytes,
): Bytes {
  const { type, options = 0 } = inner;
  return concat(
    fields([8, options], [8, 0], [16, type], [32, vni << 8]),
    new Uint8Array(options * 4),
    payload,
  );
}

export interface GreFields {
  readonly type: number;
  readonly key?: number;
  readonly checksum?: boolean;
  readonly sequence?: number;
}

export function gre({ type, key, checksum = false, sequence }: GreFields, payload: Bytes): Bytes {
  const flags =
    (checksum ? 0x8000 : 0) | (key === undefined ? 0 : 0x2000) | (sequence === undefined ? 0 : 0x1000);
  const parts = [fields([16, flags], [16, type])];
  if (checksum) parts.push(fields([32, 0]));
  if (key !== undefined) parts.push(fields([32, key]));
  if (sequence !== undefined) parts.push(fields([32, sequence]));
  return concat(...parts, payload);
}
