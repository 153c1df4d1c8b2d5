import { setTimeout as delay } from 'node:timers/promises';
import { TelegenError } from '../model/errors.ts';
import type { ReputationLookup } from '../model/lookup.ts';
import { createFolderWatcher } from './folder-watcher.ts';
import { createListScanner } from './list-scanner.ts';
import type { ListSlot } from './list-slot.ts';
import { type ReportSink, warning } from './report.ts';
import { createScanLoop } from './scan-loop.ts';
import { EMPTY_SNAPSHOT, type ListStatus, nextSnapshot } from './snapshot.ts';
import { foldersToWatch, resolveSources } from './sources.ts';

export interface BlocklistOptions {
  /** Files, and folders whose list files are loaded. */
  readonly paths: readonly string[];
  readonly onReport: ReportSink;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Safety net beneath the watches; the only means where `watch` is false (network mounts). */
  readonly pollMs?: number;
  readonly watch?: boolean;
  /** Changes within this time are taken together. */
  readonly debounceMs?: number;
  /** A file must be untouched for this long before it is read. */
  readonly settleMs?: number;
  /** A file must be gone from a folder for this long before its list is dropped: some editors delete and create. */
  readonly removalGraceMs?: number;
}

export interface BlocklistStore {
  /** Always answers from the newest complete snapshot. */
  readonly lookup: ReputationLookup;
  lists(): readonly ListStatus[];
  /** Rises by one with each change of what is in use. */
  generation(): number;
  /** Ends watching; lookups go on with what is loaded. */
  close(): Promise<void>;
}

const DEFAULTS = {
  now: Date.now,
  pollMs: 2000,
  watch: true,
  debounceMs: 100,
  settleMs: 50,
  removalGraceMs: 1000,
};

/**
 * Loads the lists and keeps them current until `close`. Throws TELEGEN_BLOCKLIST, with all problems, when a
 * named path is missing or a named file is not a list; trouble with files of a folder is only reported.
 */
export async function openBlocklists(options: BlocklistOptions): Promise<BlocklistStore> {
  const { paths, onReport, ...settings } = { ...DEFAULTS, ...options };
  const sources = await resolveSources(paths);
  const stop = new AbortController();
  let isOpening = true;
  let snapshot = EMPTY_SNAPSHOT;

  // While opening, the waits hold the process up; later they must not keep it alive.
  const sleep = (ms: number) => delay(ms, undefined, { ref: isOpening, signal: stop.signal });
  const scanner = createListScanner({ sources, ...settings, sleep, report: onReport });
  const watcher = createFolderWatcher({
    onChange: () => loop.soon(settings.debounceMs),
    onTrouble: (folder, reason) =>
      onReport(warning(folder, `cannot be watched (${reason}); polling finds changes`)),
  });

  async function scan(): Promise<void> {
    if (settings.watch) await watcher.update(await foldersToWatch(sources));
    const slots = await scanner.scan();
    if (stop.signal.aborted) return;
    snapshot = nextSnapshot(snapshot, slots);
    if (slots.some(awaitsRemoval)) loop.soon(settings.removalGraceMs);
  }
  const loop = createScanLoop({
    scan,
    pollMs: settings.pollMs,
    onError: (error) =>
      onReport({ level: 'warning', file: '', message: `blocklists: scan failed: ${String(error)}` }),
  });
  async function close(): Promise<void> {
    stop.abort();
    watcher.close();
    await loop.close();
  }

  try {
    await scan();
    refuseBrokenFiles(scanner.slots());
  } catch (error) {
    await close();
    throw error;
  }
  isOpening = false;
  loop.start();
  return {
    lookup: { lookup: (ip) => snapshot.lookup.lookup(ip) },
    lists: () => snapshot.lists,
    generation: () => snapshot.generation,
    close,
  };
}

function awaitsRemoval({ explicit, missingSinceMs }: ListSlot): boolean {
  return !explicit && missingSinceMs !== undefined;
}

/** A list that the user named and that cannot be used is a mistake to be told at once. */
function refuseBrokenFiles(slots: readonly ListSlot[]): void {
  const broken = slots.filter(({ explicit, current }) => explicit && !current);
  if (broken.length === 0) return;
  throw new TelegenError('TELEGEN_BLOCKLIST', broken.map(({ file, error }) => error ?? file).join('\n'));
}
