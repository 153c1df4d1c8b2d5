import type { ReputationLookup } from '../model/lookup.ts';
import { type CompiledList, lookupIn } from './compiled-list.ts';
import type { ListSlot } from './list-slot.ts';

export interface ListStatus {
  readonly name: string;
  readonly file: string;
  /** Distinct entries in use. */
  readonly entries: number;
  /** Generation of the store with which this version came into use; 0 when none has. */
  readonly generation: number;
  readonly loadedAtMs: number | undefined;
  /** Why the file as it is now is not in use, with file and line; the last good version is, if there was one. */
  readonly error?: string;
}

interface ListInUse {
  readonly list: CompiledList;
  readonly generation: number;
}

/** All lists as they are used together; immutable, so that a reload is one assignment. */
export interface Snapshot {
  /** Rises by one whenever what is in use changes. */
  readonly generation: number;
  readonly lookup: ReputationLookup;
  readonly lists: readonly ListStatus[];
  readonly inUse: ReadonlyMap<string, ListInUse>;
}

export const EMPTY_SNAPSHOT: Snapshot = { generation: 0, lookup: lookupIn([]), lists: [], inUse: new Map() };

export function nextSnapshot(before: Snapshot, slots: readonly ListSlot[]): Snapshot {
  const generation = before.generation + 1;
  const inUse = new Map<string, ListInUse>();
  for (const { file, current } of slots) {
    const same = before.inUse.get(file);
    if (current) inUse.set(file, same?.list === current ? same : { list: current, generation });
  }
  const changed =
    inUse.size !== before.inUse.size || [...inUse].some(([file, use]) => use !== before.inUse.get(file));
  const lists = slots.map((slot) => statusOf(slot, inUse.get(slot.file)?.generation ?? 0));
  if (!changed) return { ...before, lists };
  return { generation, lookup: lookupIn([...inUse.values()].map(({ list }) => list)), lists, inUse };
}

function statusOf({ name, file, current, loadedAtMs, error }: ListSlot, generation: number): ListStatus {
  const status = { name, file, entries: current?.entries ?? 0, generation, loadedAtMs };
  return error === undefined ? status : { ...status, error };
}
