import type { IpAddress } from '../model/ip-address.ts';
import { formatIp, ipEquals } from './ip.ts';

const SLOTS = 1024;

interface Entry {
  readonly ip: IpAddress;
  readonly text: string;
}

/** Gives the canonical text of addresses, and the same string again for those asked for lately. */
export function createIpTexts(): (ip: IpAddress) => string {
  const entries: (Entry | undefined)[] = Array.from({ length: SLOTS });
  return (ip) => {
    const slot = (Math.imul(ip.w3 ^ ip.w2 ^ ip.w1 ^ ip.w0, 0x9e3779b1) >>> 16) % SLOTS;
    const known = entries[slot];
    if (known !== undefined && ipEquals(known.ip, ip)) return known.text;
    const text = formatIp(ip);
    entries[slot] = { ip, text };
    return text;
  };
}
