import type { EntryFacts } from '../model/lookup.ts';

/** Keeps each distinct set of facts once: most entries of a list say the same of themselves. */
export interface FactsPool {
  /** The number of these facts. */
  idOf(facts: EntryFacts | undefined): number;
  /** Facts of one kind accuse of the same thing: category, direction and port agree. */
  kindOf(id: number): number;
  confidenceOf(id: number): number;
  columns(): FactsColumns;
}

/** Facts as JSON in one pool, read when an entry matches: a hundred thousand objects would hold up a thread. */
export interface FactsColumns {
  readonly pool: Uint8Array<ArrayBuffer>;
  /** Where each begins; one more than there are. */
  readonly start: Uint32Array<ArrayBuffer>;
}

export function factsAt({ pool, start }: FactsColumns, id: number): EntryFacts {
  const text = Buffer.from(pool.buffer, start[id], (start[id + 1] ?? 0) - (start[id] ?? 0)).toString();
  return text === '' ? {} : (JSON.parse(text) as EntryFacts);
}

const MAX_TEXT = 200;

export function createFactsPool(defaults: EntryFacts): FactsPool {
  const texts: string[] = [];
  const confidences: number[] = [];
  const kinds: number[] = [];
  const ids = new Map<string, number>();
  const kindIds = new Map<string, number>();
  const plain = new Map<EntryFacts | undefined, number>();

  function intern(given: EntryFacts): number {
    const facts = shortened({ ...defaults, ...given });
    const key = JSON.stringify(facts);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const kind = JSON.stringify([facts.category, facts.direction, facts.port]);
    const kindId = kindIds.get(kind) ?? kindIds.size;
    kindIds.set(kind, kindId);
    ids.set(key, texts.length);
    kinds.push(kindId);
    confidences.push(facts.confidence ?? -1);
    return texts.push(key) - 1;
  }
  return {
    columns: () => toColumns(texts),
    idOf(facts) {
      // The same object line after line (or none) is what simple formats give.
      const known = plain.get(facts);
      if (known !== undefined) return known;
      const id = intern(facts ?? {});
      if (plain.size > 16) plain.clear();
      plain.set(facts, id);
      return id;
    },
    kindOf: (id) => kinds[id] ?? 0,
    confidenceOf: (id) => confidences[id] ?? -1,
  };
}

function toColumns(texts: readonly string[]): FactsColumns {
  const parts = texts.map((text) => Buffer.from(text));
  const pool = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  const start = new Uint32Array(parts.length + 1);
  let end = 0;
  for (const [id, part] of parts.entries()) {
    pool.set(part, end);
    end += part.length;
    start[id + 1] = end;
  }
  return { pool, start };
}

function shortened(facts: EntryFacts): EntryFacts {
  const { category, reference } = facts;
  return {
    ...facts,
    ...(category === undefined ? {} : { category: clean(category) }),
    ...(reference === undefined ? {} : { reference: clean(reference) }),
  };
}

/** The copy also lets go of the file that the text was cut out of. */
function clean(text: string): string {
  return printable(text, MAX_TEXT);
}

/** At most `max` characters, without any that could drive a terminal. */
export function printable(text: string, max: number): string {
  const shown = Array.from(text.slice(0, max), (character) =>
    /\p{C}/u.test(character) ? '\ufffd' : character,
  );
  return shown.join('') + (text.length > max ? '...' : '');
}
