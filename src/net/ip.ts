import type { IpAddress } from '../model/ip-address.ts';
import { parseIpv4Word } from './ipv4-text.ts';
import { parseIpv6Words } from './ipv6-text.ts';

/** Longest textual form: a full IPv6 address that ends in a dotted quad. */
const MAX_TEXT_LENGTH = 45;
const MAPPED_MARK = 0xffff;
const COLON = 58;

/** An IPv4 address from its value as one unsigned 32-bit number (`192.0.2.1` is 0xc0000201). */
export function ipv4FromWord(word: number): IpAddress {
  return { family: 4, w0: 0, w1: 0, w2: 0, w3: word >>> 0 };
}

/** A 128-bit address from four unsigned 32-bit numbers, most significant first. IPv4-mapped becomes IPv4. */
export function ipFromWords(words: ArrayLike<number>, offset = 0): IpAddress {
  const w0 = (words[offset] ?? 0) >>> 0;
  const w1 = (words[offset + 1] ?? 0) >>> 0;
  const w2 = (words[offset + 2] ?? 0) >>> 0;
  const w3 = (words[offset + 3] ?? 0) >>> 0;
  if (w0 === 0 && w1 === 0 && w2 === MAPPED_MARK) return ipv4FromWord(w3);
  return { family: 6, w0, w1, w2, w3 };
}

/**
 * Strict: dotted quads without leading zeros or short forms, RFC 4291 IPv6, no zone, no blanks.
 * IPv4-mapped IPv6 gives family 4. Anything else gives undefined.
 */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  for (let i = 0; i < 5 && i < text.length; i++) {
    if (text.charCodeAt(i) === COLON) return parseV6(text);
  }
  const word = parseIpv4Word(text, 0);
  return word < 0 ? undefined : ipv4FromWord(word);
}

function parseV6(text: string): IpAddress | undefined {
  const words = parseIpv6Words(text);
  return words && ipFromWords(words);
}

/** Canonical text: dotted quad, or RFC 5952 (lower case, longest run of zero groups shortened). */
export function formatIp(ip: IpAddress): string {
  if (ip.family === 4) return formatV4(ip.w3);
  const groups: number[] = [];
  for (const word of [ip.w0, ip.w1, ip.w2, ip.w3]) groups.push(word >>> 16, word & 0xffff);
  const gap = longestZeroRun(groups);
  if (gap.length < 2) return hex(groups);
  return `${hex(groups.slice(0, gap.start))}::${hex(groups.slice(gap.start + gap.length))}`;
}

function formatV4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  }
  return best;
}

/** A cheap key for maps: equal keys mean equal addresses. A number for IPv4, eight characters for IPv6. */
export function ipKey(ip: IpAddress): number | string {
  if (ip.family === 4) return ip.w3;
  const { w0, w1, w2, w3 } = ip;
  const high = String.fromCharCode(w0 >>> 16, w0 & 0xffff, w1 >>> 16, w1 & 0xffff);
  return high + String.fromCharCode(w2 >>> 16, w2 & 0xffff, w3 >>> 16, w3 & 0xffff);
}

export function ipEquals(a: IpAddress, b: IpAddress): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0 && a.family === b.family;
}

/** Numeric order within one family; all IPv4 comes before all IPv6. Negative, 0 or positive. */
export function compareIps(a: IpAddress, b: IpAddress): number {
  return a.family - b.family || a.w0 - b.w0 || a.w1 - b.w1 || a.w2 - b.w2 || a.w3 - b.w3;
}
