import type { BpfObject } from '../addon.ts';
import { SIZE_PROCESS, SIZE_UDP_FLOW, SIZE_UDP_KEY } from '../layout.gen.ts';

/** How full a table is that outside data fills. */
export interface TableFill {
  readonly name: string;
  readonly entries: number;
  readonly max: number;
}

/** A table of user space. */
interface Sized {
  readonly size: number;
  readonly capacity: number;
}

/** Tables of the kernel; `max` as in bpf/include/telegen/maps.h. */
const KERNEL = [
  { name: 'kernel_processes', map: 'tg_processes', keyBytes: 4, valueBytes: SIZE_PROCESS, max: 32_768 },
  {
    name: 'kernel_udp_flows',
    map: 'tg_udp_flows',
    keyBytes: SIZE_UDP_KEY,
    valueBytes: SIZE_UDP_FLOW,
    max: 32_768,
  },
] as const;
/** Counting means copying: some milliseconds for a full table. */
const COUNT_AGAIN_MS = 60_000;

/** Gives how full the tables are; those of the kernel are counted once a minute at most. */
export function createTables(
  core: Pick<BpfObject, 'mapLookupBatch'>,
  { udp, streams }: { readonly udp: Sized; readonly streams: Sized | undefined },
  now: () => number = Date.now,
): () => readonly TableFill[] {
  let counted: { readonly atMs: number; readonly fills: readonly TableFill[] } | undefined;

  function ofKernel(): readonly TableFill[] {
    if (counted === undefined || Math.abs(now() - counted.atMs) >= COUNT_AGAIN_MS) {
      const fills = KERNEL.map(({ name, map, keyBytes, valueBytes, max }) => {
        const [keys, values] = [new Uint8Array(max * keyBytes), new Uint8Array(max * valueBytes)];
        return { name, entries: core.mapLookupBatch(map, keys, values), max };
      });
      counted = { atMs: now(), fills };
    }
    return counted.fills;
  }

  return () => [
    ...ofKernel(),
    { name: 'udp_conversations', entries: udp.size, max: udp.capacity },
    ...(streams === undefined ? [] : [{ name: 'streams', entries: streams.size, max: streams.capacity }]),
  ];
}
