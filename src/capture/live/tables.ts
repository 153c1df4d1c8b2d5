import type { BpfObject } from '../addon.ts';

/** How full a table is that outside data fills. */
export interface TableFill {
  readonly name: string;
  readonly entries: number;
  readonly max: number;
}

interface KernelTable {
  readonly name: string;
  readonly map: string;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly max: number;
}

/** Counting means copying: some milliseconds for a full table. */
const COUNT_AGAIN_MS = 60_000;

/** Counts the entries of tables of the kernel, each once a minute at most. */
export function createTableCounter(object: BpfObject, now: () => number = Date.now): (table: KernelTable) => TableFill {
  const counted = new Map<string, { readonly atMs: number; readonly fill: TableFill }>();
  return (table) => {
    const { name, map, keyBytes, valueBytes, max } = table;
    const known = counted.get(name);
    if (known !== undefined && Math.abs(now() - known.atMs) < COUNT_AGAIN_MS) return known.fill;
    const entries = object.mapLookupBatch(map, new Uint8Array(max * keyBytes), new Uint8Array(max * valueBytes));
    const fill = { name, entries, max };
    counted.set(name, { atMs: now(), fill });
    return fill;
  };
}
