import type { IpAddress } from '../model/ip-address.ts';
import { compareIps, formatIp, ipEquals, parseIp } from './ip.ts';

/** An inclusive run of addresses of one family, `first <= last`. */
export interface AddressRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** What a text said, or why it says nothing. `hostBits`: the address was not the first of its network. */
export type RangeParse =
  | { readonly ok: true; readonly range: AddressRange; readonly hostBits: boolean }
  | { readonly ok: false; readonly reason: string };

const LENGTH_TEXT = /^(?:0|[1-9]\d{0,2})$/;
/** Where an IPv4 address begins inside an IPv4-mapped one, in bits. */
const MAPPED_BITS = 96;

/** One address, `address/length`, or `first-last`. */
export function parseNetwork(text: string): RangeParse {
  if (text.includes('/')) return parsePrefix(text);
  if (text.includes('-')) return parseRange(text);
  const ip = parseIp(text);
  return ip ? accept({ first: ip, last: ip }, false) : refuse('not an IP address, CIDR or range');
}

/** `address/length`; set host bits are cut off and reported. */
export function parsePrefix(text: string): RangeParse {
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!ip) return refuse('not an IP address before the "/"');
  const length = prefixLengthOf(slash < 0 ? '' : text.slice(slash + 1), text.includes(':'), ip.family);
  if (typeof length === 'string') return refuse(length);
  const range = prefixRange(ip, length);
  return accept(range, !ipEquals(range.first, ip));
}

/** `first-last`, blanks around the dash allowed. */
export function parseRange(text: string): RangeParse {
  const dash = text.indexOf('-');
  const first = parseIp(text.slice(0, Math.max(dash, 0)).trim());
  const last = parseIp(text.slice(dash + 1).trim());
  if (!first || !last) return refuse('not two IP addresses around the "-"');
  if (first.family !== last.family) return refuse('range from one IP family to the other');
  if (compareIps(first, last) > 0) return refuse('range ends before it begins');
  return accept({ first, last }, false);
}

/** The network of `length` bits that `ip` lies in. */
export function prefixRange(ip: IpAddress, length: number): AddressRange {
  const bits = ip.family === 4 ? MAPPED_BITS + length : length;
  const mask = [0, 32, 64, 96].map((start) => maskWord(bits - start));
  const [m0 = 0, m1 = 0, m2 = 0, m3 = 0] = mask;
  const { family, w0, w1, w2, w3 } = ip;
  return {
    first: { family, w0: (w0 & m0) >>> 0, w1: (w1 & m1) >>> 0, w2: (w2 & m2) >>> 0, w3: (w3 & m3) >>> 0 },
    last: { family, w0: (w0 | ~m0) >>> 0, w1: (w1 | ~m1) >>> 0, w2: (w2 | ~m2) >>> 0, w3: (w3 | ~m3) >>> 0 },
  };
}

/** Canonical text: a single address, else a CIDR where the range is one, else `first-last`. */
export function formatRange(range: AddressRange): string {
  if (ipEquals(range.first, range.last)) return formatIp(range.first);
  const length = commonBits(range);
  const network = prefixRange(range.first, length);
  if (ipEquals(network.first, range.first) && ipEquals(network.last, range.last)) {
    return `${formatIp(range.first)}/${length}`;
  }
  return `${formatIp(range.first)}-${formatIp(range.last)}`;
}

/** Whether the range is the whole of its address family. */
export function isWholeFamily({ first, last }: AddressRange): boolean {
  if ((first.w0 | first.w1 | first.w2 | first.w3) !== 0) return false;
  const ends = first.family === 4 ? last.w3 : last.w0 & last.w1 & last.w2 & last.w3;
  return ends >>> 0 === 0xffffffff;
}

function prefixLengthOf(text: string, isV6Text: boolean, family: 4 | 6): number | string {
  const max = isV6Text ? 128 : 32;
  if (!LENGTH_TEXT.test(text) || Number(text) > max) return `prefix length must be a number from 0 to ${max}`;
  if (family === 6 || !isV6Text) return Number(text);
  const mapped = Number(text) - MAPPED_BITS;
  return mapped < 0 ? 'prefix of an IPv4-mapped address must be /96 or longer' : mapped;
}

function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

function commonBits({ first, last }: AddressRange): number {
  const differences = [first.w0 ^ last.w0, first.w1 ^ last.w1, first.w2 ^ last.w2, first.w3 ^ last.w3];
  const word = differences.findIndex((difference) => difference !== 0);
  const bits = word < 0 ? 128 : word * 32 + Math.clz32(differences[word] ?? 0);
  return first.family === 4 ? bits - MAPPED_BITS : bits;
}

function accept(range: AddressRange, hostBits: boolean): RangeParse {
  return { ok: true, range, hostBits };
}

function refuse(reason: string): RangeParse {
  return { ok: false, reason };
}
