import type { PacketCounts } from '../../../model/packets.ts';

export const NO_COUNTS: PacketCounts = {
  packets: 0,
  bytes: 0,
  small: 0,
  syn: 0,
  synAck: 0,
  rst: 0,
  fin: 0,
  nullFlags: 0,
  finOnly: 0,
  xmas: 0,
};
const NAMES = Object.keys(NO_COUNTS) as (keyof PacketCounts)[];

/** The sum of two. */
export function addCounts(a: PacketCounts, b: PacketCounts): PacketCounts {
  const sum: Record<keyof PacketCounts, number> = { ...NO_COUNTS };
  for (const name of NAMES) sum[name] = a[name] + b[name];
  return sum;
}
