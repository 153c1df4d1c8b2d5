import { valueAt } from './plain-data.ts';
import { isActive, LEAVES, type SchemaNode } from './schema-tree.ts';

/** The legal keys that a file's data sets, in schema order. */
export const setLeaves = (document: unknown): readonly SchemaNode[] =>
  LEAVES.filter((leaf) => valueAt(document, leaf.path) !== undefined);

/** Dotted keys that the file sets although their feature does not exist yet: start-up names them in a warning. */
export const inactiveKeys = (document: unknown): readonly string[] =>
  setLeaves(document).flatMap((leaf) => (isActive(leaf) ? [] : [leaf.key]));

/** The warning line for these keys; undefined when there are none. */
export const inactiveWarning = (keys: readonly string[]): string | undefined =>
  keys.length === 0 ? undefined : `accepted, not active yet: ${keys.join(', ')}`;
