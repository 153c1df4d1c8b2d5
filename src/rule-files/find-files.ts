import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files of one tree, and folders that could not be read. */
export interface FoundFiles {
  readonly files: readonly string[];
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}

const MAX_FILES = 50_000;
const MAX_DEPTH = 32;

/** All .yml and .yaml files at or below the paths, each once, sorted within a folder. Links to folders are not followed. */
export function findRuleFiles(paths: readonly string[]): FoundFiles {
  const files = new Set<string>();
  const unreadable: { path: string; reason: string }[] = [];

  function visit(folder: string, depth: number): void {
    const entries = attempt(() => readdirSync(folder, { withFileTypes: true }), folder);
    for (const entry of entries?.toSorted(byName) ?? []) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < MAX_DEPTH) visit(path, depth + 1);
      else if (!entry.isDirectory() && isRuleFile(entry.name) && files.size < MAX_FILES) files.add(path);
    }
  }

  function attempt<T>(action: () => T, path: string): T | undefined {
    try {
      return action();
    } catch (error) {
      unreadable.push({ path, reason: reasonOf(error) });
      return undefined;
    }
  }

  for (const path of paths) {
    const stats = attempt(() => statSync(path), path);
    if (stats?.isDirectory() === true) visit(path, 0);
    else if (stats !== undefined) files.add(path);
  }
  return { files: [...files], unreadable };
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : Number(a.name > b.name));

const isRuleFile = (name: string): boolean => /\.ya?ml$/i.test(name) && !name.startsWith('.');

/** Short words for what the file system says. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
}
