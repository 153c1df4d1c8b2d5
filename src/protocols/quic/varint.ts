import type { Octets } from '../tls/octets.ts';

/**
 * A variable-length integer of up to 62 bits (RFC 9000 16). Above 2^53 it is inexact: good enough to see that it fits
 * nowhere.
 */
export function readVarint(octets: Octets): number {
  const first = octets.number(1);
  let value = first & 0x3f;
  for (let more = (1 << (first >> 6)) - 1; more > 0; more--) value = value * 256 + octets.number(1);
  return value;
}
