import { dotted, type KeyPath, NODES, schemaAt, shapeOf } from './schema-tree.ts';

/** Longest key that is compared; nothing legal comes near. */
const MAX_KEY = 64;
const MAX_PLACES = 3;

export interface Near {
  readonly name: string;
  readonly distance: number;
}

/** The cure for an unknown key: the places where that very key is legal, or the nearest legal key of its section. */
export function unknownKeyHint(section: KeyPath, key: string): string {
  const schema = schemaAt(section);
  const legal = Object.keys((schema && shapeOf(schema)) ?? {});
  const near = nearest(key, legal);
  const places = legalPlaces(section, key);
  if (places === undefined)
    return near === undefined ? `legal here: ${legal.join(', ')}` : `did you mean "${near.name}"?`;
  // `exclude_ports` is near `include_ports`, and the opposite of it: only a slip of one letter outweighs a real name.
  const slip = near !== undefined && near.distance <= 1 ? `did you mean "${near.name}"? ` : '';
  return `${slip}"${key}" is legal at ${places}`;
}

/** The most alike of `legal`, when it is alike enough to be meant. Case, `-` and camelCase do not count. */
export function nearest(key: string, legal: readonly string[]): Near | undefined {
  if (key.length > MAX_KEY) return undefined;
  const wanted = snake(key);
  const limit = wanted.length <= 3 ? 1 : wanted.length <= 6 ? 2 : 3;
  const all = legal.map((name) => ({ name, distance: editDistance(wanted, name) }));
  return all.filter(({ distance }) => distance <= limit).toSorted((a, b) => a.distance - b.distance)[0];
}

const snake = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-\s]/g, '_')
    .toLowerCase();

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = swap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min((row[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1, substitution, swapped));
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** Legal places of this very key, the ones that share most of the path first. */
function legalPlaces(section: KeyPath, key: string): string | undefined {
  const name = snake(key);
  const places = NODES.filter(
    (node) => node.path.at(-1) === name && dotted(node.path.slice(0, -1)) !== dotted(section),
  );
  if (places.length === 0 || key.length > MAX_KEY) return undefined;
  const shared = (path: readonly string[]): number =>
    path.findIndex((part, index) => part !== section[index]);
  const sorted = places.toSorted((a, b) => shared(b.path) - shared(a.path)).map((node) => node.key);
  const rest = sorted.length - MAX_PLACES;
  return sorted.slice(0, MAX_PLACES).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
