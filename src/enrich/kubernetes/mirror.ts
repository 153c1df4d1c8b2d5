/** What the reader of a resource puts objects into. */
export interface Mirror<T> {
  /** False when there is no room for another. */
  put(uid: string, version: string, value: T): boolean;
  /** Whether this very version is there already; it then counts as seen. */
  has(uid: string, version: string): boolean;
  remove(uid: string): void;
  /** What is not seen between the two is removed: for a list, which does not tell what has gone. */
  beginList(): void;
  endList(): void;
  readonly size: number;
}

export interface MirrorHooks<T> {
  /** Objects kept at most. */
  readonly max: number;
  readonly added: (value: T, before: T | undefined) => void;
  readonly removed: (value: T) => void;
}

interface Entry<T> {
  version: string;
  value: T;
  list: number;
}

/** The objects of one resource by uid; indexes are kept by the hooks. */
export function createMirror<T>({ max, added, removed }: MirrorHooks<T>): Mirror<T> {
  const entries = new Map<string, Entry<T>>();
  let list = 0;

  function remove(uid: string): void {
    const entry = entries.get(uid);
    if (entry === undefined) return;
    entries.delete(uid);
    removed(entry.value);
  }

  return {
    put(uid, version, value) {
      const entry = entries.get(uid);
      if (entry === undefined) {
        if (entries.size >= max) return false;
        entries.set(uid, { version, value, list });
        added(value, undefined);
        return true;
      }
      const before = entry.value;
      Object.assign(entry, { version, value, list });
      added(value, before);
      return true;
    },
    has(uid, version) {
      const entry = entries.get(uid);
      if (entry?.version !== version) return false;
      entry.list = list;
      return true;
    },
    remove,
    beginList() {
      list += 1;
    },
    endList() {
      for (const [uid, entry] of entries) if (entry.list !== list) remove(uid);
    },
    get size() {
      return entries.size;
    },
  };
}
