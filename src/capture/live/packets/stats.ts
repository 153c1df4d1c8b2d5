import type { BpfObject } from '../../addon.ts';
import { PACKET_STAT } from '../../layout.gen.ts';

type StatName = Exclude<keyof typeof PACKET_STAT, 'COUNT'>;
/** Books of the packet programs, sums since start; see `enum tg_packet_stat`. */
export type PacketStats = Readonly<Record<Lowercase<StatName>, number>>;

const NAMES = Object.entries(PACKET_STAT).filter(([name]) => name !== 'COUNT') as [StatName, number][];

function key(index: number): Uint8Array {
  return new Uint8Array(new Uint32Array([index]).buffer);
}

export function readPacketStats(object: BpfObject): PacketStats {
  const stats = {} as Record<Lowercase<StatName>, number>;
  for (const [name, index] of NAMES) {
    const values = object.mapLookup('tg_packet_stats', key(index)) ?? Buffer.alloc(0);
    let sum = 0;
    for (let at = 0; at + 8 <= values.length; at += 8) sum += Number(values.readBigUInt64LE(at));
    stats[name.toLowerCase() as Lowercase<StatName>] = sum;
  }
  return stats;
}
