import type { BpfObject } from '../addon.ts';
import { COUNTER, SIZE_COUNTER_VALUE } from '../layout.gen.ts';

/** Records that the kernel side made and those that found no room, by class; host-wide sums since start. */
export interface RecordCounters {
  readonly [recordClass: string]: { readonly submitted: number; readonly dropped: number };
}

const CLASSES = Object.entries(COUNTER)
  .filter(([name]) => name !== 'COUNT')
  .map(([name, index]) => [name.toLowerCase(), index] as const);

/** Reads tg_counters, summing over CPUs. */
export function readCounters(object: BpfObject): RecordCounters {
  const counters: Record<string, { submitted: number; dropped: number }> = {};
  const key = new Uint32Array(1);
  for (const [name, index] of CLASSES) {
    key[0] = index;
    const values = object.mapLookup('tg_counters', new Uint8Array(key.buffer));
    counters[name] = values === undefined ? { submitted: 0, dropped: 0 } : sumOverCpus(values);
  }
  return counters;
}

function sumOverCpus(values: Buffer): { submitted: number; dropped: number } {
  let [submitted, dropped] = [0, 0];
  for (let at = 0; at + SIZE_COUNTER_VALUE <= values.length; at += SIZE_COUNTER_VALUE) {
    submitted += Number(values.readBigUInt64LE(at));
    dropped += Number(values.readBigUInt64LE(at + 8));
  }
  return { submitted, dropped };
}
