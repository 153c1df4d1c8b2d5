import { MAX_KEY, nearest, snake } from '../net/nearest.ts';
import { dotted, type KeyPath, NODES, schemaAt, shapeOf } from './schema-tree.ts';

const MAX_PLACES = 3;

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
