/** Longest name that is compared; nothing legal comes near. */
export const MAX_KEY = 64;

export interface Near {
  readonly name: string;
  readonly distance: number;
}

/** The most alike of `legal`, when it is alike enough to be meant. Case, `-` and camelCase do not count. */
export function nearest(key: string, legal: readonly string[]): Near | undefined {
  if (key.length > MAX_KEY) return undefined;
  const wanted = snake(key);
  const limit = wanted.length <= 3 ? 1 : wanted.length <= 6 ? 2 : 3;
  const all = legal.map((name) => ({ name, distance: editDistance(wanted, name) }));
  return all.filter(({ distance }) => distance <= limit).toSorted((a, b) => a.distance - b.distance)[0];
}

/** Lower case with underscores, however it was written. */
export const snake = (key: string): string =>
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
