/** What a value of a field says about all rules at once. */
export interface Entry {
  /** Predicates that it makes true, sorted, without repeats. */
  readonly predicates: readonly number[];
  /** Rules that become candidates by it. */
  readonly rules: readonly number[];
}

export const EMPTY_ENTRY: Entry = { predicates: [], rules: [] };

/** Values kept in each of two generations. */
const MAX_ENTRIES = 16_384;
/** Characters of text keys in each of them. */
const MAX_CHARS = 4 << 20;
/** Longer texts are hardly ever the same twice. */
const MAX_KEY_CHARS = 1_024;

/** Remembers entries by value, within bounds: when the young generation is full, the old one is forgotten. */
export interface ValueMemo<K> {
  get(key: K): Entry | undefined;
  set(key: K, entry: Entry): void;
}

export function createValueMemo<K>(): ValueMemo<K> {
  let young = new Map<K, Entry>();
  let old = new Map<K, Entry>();
  let chars = 0;

  function put(key: K, entry: Entry): void {
    const length = typeof key === 'string' ? key.length : 8;
    if (length > MAX_KEY_CHARS) return;
    if (young.size >= MAX_ENTRIES || chars + length > MAX_CHARS) {
      old = young;
      young = new Map();
      chars = 0;
    }
    chars += length;
    young.set(key, entry);
  }

  return {
    get(key) {
      const entry = young.get(key);
      if (entry !== undefined) return entry;
      const older = old.get(key);
      if (older !== undefined) put(key, older);
      return older;
    },
    set: put,
  };
}
