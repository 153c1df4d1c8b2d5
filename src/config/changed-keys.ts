import type { LoadedConfig } from './inspect.ts';
import { valueAt } from './plain-data.ts';
import { LEAVES } from './schema-tree.ts';

type Effective = Pick<LoadedConfig, 'effective'>;

/** Dotted keys whose values differ, in schema order. */
export function changedKeys(before: Effective, after: Effective): readonly string[] {
  const text = ({ effective }: Effective, path: readonly string[]): string | undefined =>
    JSON.stringify(valueAt(effective, path));
  return LEAVES.filter(({ path }) => text(before, path) !== text(after, path)).map(({ key }) => key);
}
