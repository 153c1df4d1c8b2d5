import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Watches folders for any change of their entries. */
export interface FolderWatcher {
  /** Watches exactly these folders; looks again at those that were replaced. */
  update(folders: ReadonlySet<string>): Promise<void>;
  close(): void;
}

export interface FolderWatcherOptions {
  readonly onChange: () => void;
  /** A folder cannot be watched (limits, permissions): its changes are found by polling only. Said once each. */
  readonly onTrouble: (folder: string, reason: string) => void;
}

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher | undefined;
}

export function createFolderWatcher({ onChange, onTrouble }: FolderWatcherOptions): FolderWatcher {
  const watched = new Map<string, Watched>();
  const troubled = new Set<string>();
  let closed = false;

  function drop(folder: string): void {
    watched.get(folder)?.watcher?.close();
    watched.delete(folder);
  }
  function trouble(folder: string, error: unknown): void {
    if (troubled.has(folder)) return;
    troubled.add(folder);
    onTrouble(folder, error instanceof Error ? error.message : String(error));
  }
  function start(folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, { persistent: false }, onChange);
      watcher.on('error', (error) => {
        trouble(folder, error);
        watcher.close();
      });
      return watcher;
    } catch (error) {
      trouble(folder, error);
      return undefined;
    }
  }
  async function update(folders: ReadonlySet<string>): Promise<void> {
    for (const folder of watched.keys()) if (!folders.has(folder)) drop(folder);
    for (const folder of folders) {
      const identity = await identityOf(folder);
      if (closed) return;
      // A watch follows the folder, not the path: one that was replaced must be watched anew.
      if (watched.get(folder)?.identity === identity) continue;
      drop(folder);
      if (identity !== undefined) watched.set(folder, { identity, watcher: start(folder) });
    }
  }
  function close(): void {
    closed = true;
    for (const folder of watched.keys()) drop(folder);
  }
  return { update, close };
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
