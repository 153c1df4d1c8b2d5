/**
 * Host names in a hash table over one pool of bytes; a million of them cost about 40 MB. Plain typed arrays: they move
 * between threads without being copied.
 */
export interface NameColumns {
  readonly length: number;
  /** The names one after the other, without separators. */
  readonly pool: Uint8Array<ArrayBuffer>;
  /** Where each name begins; one more than there are names. */
  readonly start: Uint32Array<ArrayBuffer>;
  /** 1 + the row whose name hashes here or before; 0 for empty. Its length is a power of two. */
  readonly slots: Uint32Array<ArrayBuffer>;
  /** 1 + the next row of the same name; 0 for none. Empty when no name occurs twice. */
  readonly next: Uint32Array<ArrayBuffer>;
  readonly seed: number;
}

export interface NameTableBuilder {
  /** Rows that have this name already. */
  rowsOf(name: string): readonly number[];
  /** Takes a lower-case ASCII name; gives its row. */
  add(name: string): number;
  build(): NameColumns;
}

const DOT = 46;
const PRIME = 0x01000193;

/** `seed` should be unknown to whoever writes lists: then nobody can choose names that all hash alike. */
export function createNameTable(seed: number): NameTableBuilder {
  let pool = new Uint8Array(1024);
  let start = new Uint32Array(64);
  let next = new Uint32Array(64);
  let slots = new Uint32Array(128);
  let length = 0;
  let repeats = false;

  const columns = (): NameColumns => ({ length, pool, start, slots, next, seed });
  function reserve(bytes: number): void {
    const end = start[length] ?? 0;
    if (end + bytes > pool.length) pool = grownBytes(pool, 2 * (end + bytes));
    if (length + 2 > start.length) {
      start = grown(start, 2 * start.length);
      next = grown(next, 2 * next.length);
    }
    if (2 * (length + 1) > slots.length) rehash();
  }
  function rehash(): void {
    slots = new Uint32Array(2 * slots.length);
    for (let row = length - 1; row >= 0; row--) {
      const from = start[row] ?? 0;
      let hash = seed;
      for (let at = (start[row + 1] ?? 0) - 1; at >= from; at--) hash = step(hash, pool[at] ?? 0);
      let slot = finish(hash) & (slots.length - 1);
      while ((slots[slot] ?? 0) !== 0 && !sameBytes(row, (slots[slot] ?? 0) - 1))
        slot = (slot + 1) & (slots.length - 1);
      slots[slot] = row + 1;
    }
  }
  function sameBytes(a: number, b: number): boolean {
    const size = (start[a + 1] ?? 0) - (start[a] ?? 0);
    if ((start[b + 1] ?? 0) - (start[b] ?? 0) !== size) return false;
    for (let i = 0; i < size; i++) if (pool[(start[a] ?? 0) + i] !== pool[(start[b] ?? 0) + i]) return false;
    return true;
  }
  function add(name: string): number {
    reserve(name.length);
    const slot = slotOf(columns(), name, 0, hashOf(name, seed));
    const from = start[length] ?? 0;
    for (let i = 0; i < name.length; i++) pool[from + i] = name.charCodeAt(i);
    start[length + 1] = from + name.length;
    const head = (slots[slot] ?? 0) - 1;
    if (head < 0) slots[slot] = length + 1;
    else {
      repeats = true;
      next[length] = next[head] ?? 0;
      next[head] = length + 1;
    }
    return length++;
  }
  return {
    rowsOf: (name) => rowsAt(columns(), slotOf(columns(), name, 0, hashOf(name, seed))),
    add,
    build: () => ({
      length,
      pool: pool.slice(0, start[length] ?? 0),
      start: start.slice(0, length + 1),
      slots: slots.slice(),
      next: repeats ? next.slice(0, length) : new Uint32Array(),
      seed,
    }),
  };
}

/** Rows whose name is `name` or a parent of it, longest first. `name` is lower-case, without a last dot. */
export function suffixRows(columns: NameColumns, name: string): readonly number[] {
  if (columns.length === 0) return NONE;
  let found: number[] | undefined;
  let hash = columns.seed;
  for (let at = name.length - 1; at >= 0; at--) {
    hash = step(hash, name.charCodeAt(at));
    if (at > 0 && name.charCodeAt(at - 1) !== DOT) continue;
    const rows = rowsAt(columns, slotOf(columns, name, at, finish(hash)));
    if (rows.length > 0) found = [...rows, ...(found ?? [])];
  }
  return found ?? NONE;
}

export function nameOf({ pool, start }: NameColumns, row: number): string {
  let text = '';
  for (let at = start[row] ?? 0; at < (start[row + 1] ?? 0); at++) text += String.fromCharCode(pool[at] ?? 0);
  return text;
}

/** The typed arrays, to be moved to another thread. */
export function nameBuffers({ pool, start, slots, next }: NameColumns): ArrayBuffer[] {
  return [pool.buffer, start.buffer, slots.buffer, next.buffer];
}

const NONE: readonly number[] = Object.freeze([]);

function rowsAt({ slots, next }: NameColumns, slot: number): readonly number[] {
  const head = slots[slot] ?? 0;
  if (head === 0) return NONE;
  const rows = [head - 1];
  for (let row = next[head - 1] ?? 0; row !== 0; row = next[row - 1] ?? 0) rows.push(row - 1);
  return rows;
}

/** The slot of the text from `from` on: that of its row, or the empty one where it would go. */
function slotOf(columns: NameColumns, text: string, from: number, hash: number): number {
  const mask = columns.slots.length - 1;
  let slot = hash & mask;
  for (;;) {
    const row = (columns.slots[slot] ?? 0) - 1;
    if (row < 0 || isText(columns, row, text, from)) return slot;
    slot = (slot + 1) & mask;
  }
}

function isText({ pool, start }: NameColumns, row: number, text: string, from: number): boolean {
  const begin = start[row] ?? 0;
  const size = (start[row + 1] ?? 0) - begin;
  if (size !== text.length - from) return false;
  for (let i = 0; i < size; i++) if (pool[begin + i] !== text.charCodeAt(from + i)) return false;
  return true;
}

/** From the end to the beginning, so that the hashes of all parents of a name come by the way. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let at = text.length - 1; at >= 0; at--) hash = step(hash, text.charCodeAt(at));
  return finish(hash);
}

function step(hash: number, code: number): number {
  return Math.imul(hash ^ code, PRIME);
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function grown(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(length);
  copy.set(column);
  return copy;
}

function grownBytes(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(bytes);
  return copy;
}
