import type { IpAddress } from '../model/ip-address.ts';
import { ipEquals, ipv4FromWord } from './ip.ts';

/**
 * An address as it is kept in great numbers: an object with its four numbers may take 130 bytes, a small integer (the word of IPv4,
 * signed) takes none of its own.
 */
export type CompactIp = number | IpAddress;

export function compactIp(ip: IpAddress): CompactIp {
  return ip.family === 4 ? ip.w3 | 0 : ip;
}

export function plainIp(compact: CompactIp): IpAddress {
  return typeof compact === 'number' ? ipv4FromWord(compact) : compact;
}

export function isSameIp(compact: CompactIp, ip: IpAddress): boolean {
  if (typeof compact === 'number') return ip.family === 4 && (ip.w3 | 0) === compact;
  return ipEquals(compact, ip);
}
