import type { IpAddress } from '../model/ip-address.ts';

/** Finalizer in the manner of MurmurHash3: every bit of the input reaches every bit of the result. Unsigned. */
export function mix32(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A hash of an address and a number (a port, say); the same in every run. Unsigned. */
export function hashIp({ w0, w1, w2, w3, family }: IpAddress, salt = 0): number {
  const low = mix32(Math.imul(w3, 0x9e3779b1) + salt + family);
  return family === 4
    ? low
    : mix32(low + Math.imul(w0, 0x85ebca77) + Math.imul(w1, 0xc2b2ae3d) + Math.imul(w2, 0x27d4eb2f));
}
