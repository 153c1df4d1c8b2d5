import { createLruMap } from './lru-map.ts';
import type { HostFiles } from './proc-reader.ts';

/** Turns a v2 cgroup id, as the kernel side reports it, into a path. */
export interface CgroupPaths {
  /** Path below the mount; undefined when unknown. `timeMs` paces the walks. */
  pathOf(id: number, timeMs: number): string | undefined;
  /** Whether `path` is the cgroup `id`; undefined when that cannot be told. An agreement is remembered. */
  confirm(id: number, path: string): boolean | undefined;
}

export interface CgroupPathsOptions {
  readonly files: HostFiles;
  /** Where cgroup v2 is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on a hybrid host. */
  readonly mountPoint: string;
  readonly maxEntries?: number;
  /** Folders that one walk visits at most; nearest to the root first. */
  readonly maxFolders?: number;
}

/** Walks are synchronous, so they are rare. */
const WALK_INTERVAL_MS = 5_000;
/** An id that was not found is not looked for again this long: its cgroup is most likely gone. */
const MISS_MS = 60_000;
const MAX_MISSES = 4_096;

/** The id of a cgroup is the inode number of its folder (64-bit kernels). Paths of removed cgroups are kept until room is needed. */
export function createCgroupPaths(options: CgroupPathsOptions): CgroupPaths {
  const { files, mountPoint, maxEntries = 16_384, maxFolders = 4_096 } = options;
  const known = createLruMap<number, string>(maxEntries);
  const misses = createLruMap<number, number>(MAX_MISSES);
  let walkedMs = Number.NEGATIVE_INFINITY;

  function walk(): void {
    const queue = ['/'];
    for (let next = 0; next < queue.length && next < maxFolders; next += 1) {
      const path = queue[next] ?? '/';
      const id = files.stat(mountPoint + path)?.inode;
      if (id === undefined) continue;
      known.set(id, path);
      const prefix = path === '/' ? path : `${path}/`;
      for (const name of files.folders(mountPoint + path, maxFolders - queue.length))
        queue.push(prefix + name);
    }
  }

  function pathOf(id: number, timeMs: number): string | undefined {
    if (id <= 0) return undefined;
    const path = known.get(id);
    if (path !== undefined) return path;
    if (timeMs - (misses.get(id) ?? Number.NEGATIVE_INFINITY) < MISS_MS) return undefined;
    if (timeMs - walkedMs < WALK_INTERVAL_MS) return undefined;
    walkedMs = timeMs;
    walk();
    const found = known.get(id);
    if (found === undefined) misses.set(id, timeMs);
    return found;
  }

  function confirm(id: number, path: string): boolean | undefined {
    // A path outside our own cgroup namespace starts with `/..` and cannot be looked up.
    if (id <= 0 || path.startsWith('/..')) return undefined;
    if (known.get(id) === path) return true;
    const inode = files.stat(mountPoint + path)?.inode;
    if (inode === undefined) return undefined;
    known.set(inode, path);
    return inode === id;
  }

  return { pathOf, confirm };
}
