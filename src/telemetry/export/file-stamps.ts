import { statSync } from 'node:fs';

/** Tells whether files have been replaced since the last look; looks at most once per interval. */
export interface FileStamps {
  changed(): boolean;
}

function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino}:${mtimeMs}:${size}`;
  } catch {
    return 'absent';
  }
}

/** Looks at the files now, for comparison. `now` counts milliseconds on a clock that never steps. */
export function createFileStamps(
  paths: readonly string[],
  { intervalMs, now }: { readonly intervalMs: number; readonly now: () => number },
): FileStamps {
  const look = (): string => paths.map(stampOf).join(' ');
  let seen = look();
  let lookedMs = now();
  return {
    changed() {
      if (paths.length === 0 || now() - lookedMs < intervalMs) return false;
      lookedMs = now();
      const before = seen;
      seen = look();
      return seen !== before;
    },
  };
}
