import type { ReputationLookup } from '../model/lookup.ts';
import type { CompiledList } from './compiled-list.ts';
import type { ListSlot } from './list-slot.ts';
import { createLookup, type Exemptions } from './lookup.ts';
import type { ListRole } from './parsed-list.ts';

export interface ListStatus {
  readonly name: string;
  readonly file: string;
  readonly role: ListRole;
  /** Distinct entries in use. */
  readonly entries: number;
  /** Lines of that version that were not loaded. */
  readonly invalidLines: number;
  /** Generation of the store with which this version came into use; 0 when none has. */
  readonly generation: number;
  readonly loadedAtMs: number | undefined;
  /** When the version in use was written. */
  readonly modifiedMs: number | undefined;
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
  readonly lookup: ReputationLookup & Exemptions;
  readonly block: readonly CompiledList[];
  readonly allow: readonly CompiledList[];
  readonly lists: readonly ListStatus[];
  readonly inUse: ReadonlyMap<string, ListInUse>;
  readonly guard: readonly string[];
}

export interface SnapshotOptions {
  /** Networks that no list may accuse. */
  readonly guard: readonly string[];
  readonly onHit: (list: string) => void;
}

export const EMPTY_SNAPSHOT: Snapshot = {
  generation: 0,
  lookup: createLookup({ block: [], allow: [] }),
  block: [],
  allow: [],
  lists: [],
  inUse: new Map(),
  guard: [],
};

export function nextSnapshot(
  before: Snapshot,
  slots: readonly ListSlot[],
  { guard, onHit }: SnapshotOptions,
): Snapshot {
  const generation = before.generation + 1;
  const inUse = new Map<string, ListInUse>();
  for (const slot of slots) {
    const same = before.inUse.get(keyOf(slot));
    if (slot.current)
      inUse.set(keyOf(slot), same?.list === slot.current ? same : { list: slot.current, generation });
  }
  const changed =
    inUse.size !== before.inUse.size ||
    [...inUse].some(([key, use]) => use !== before.inUse.get(key)) ||
    guard.join() !== before.guard.join();
  const lists = slots.map((slot) => statusOf(slot, inUse.get(keyOf(slot))?.generation ?? 0));
  if (!changed) return { ...before, lists };
  const ofRole = (role: ListRole) =>
    slots.flatMap((slot) => (slot.role === role ? (slot.current ?? []) : []));
  const [block, allow] = [ofRole('block'), ofRole('allow')];
  return {
    generation,
    lookup: createLookup({ block, allow, guard, onHit }),
    block,
    allow,
    lists,
    inUse,
    guard,
  };
}

function keyOf({ role, file }: ListSlot): string {
  return `${role}:${file}`;
}

function statusOf(slot: ListSlot, generation: number): ListStatus {
  const { name, file, role, current, invalidLines = 0, loadedAtMs, modifiedMs, error } = slot;
  const entries = current?.entries ?? 0;
  const status = { name, file, role, entries, invalidLines, generation, loadedAtMs, modifiedMs };
  return error === undefined ? status : { ...status, error };
}
