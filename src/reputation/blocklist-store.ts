import { setTimeout as delay } from 'node:timers/promises';
import { TelegenError } from '../model/errors.ts';
import type { ReputationLookup } from '../model/lookup.ts';
import type { CompiledList } from './compiled-list.ts';
import { createFolderWatcher } from './folder-watcher.ts';
import { createLastGood } from './last-good.ts';
import { createListParser } from './list-parser.ts';
import { createListScanner } from './list-scanner.ts';
import type { ListSettings } from './list-settings.ts';
import type { ListSlot } from './list-slot.ts';
import type { Exemptions } from './lookup.ts';
import { createReportOnce, type ReportSink, warning } from './report.ts';
import { RESERVED_NETWORKS } from './reserved.ts';
import { createScanLoop } from './scan-loop.ts';
import { EMPTY_SNAPSHOT, type ListStatus, nextSnapshot } from './snapshot.ts';
import { foldersToWatch, resolveSources } from './sources.ts';
import { staleReports } from './stale.ts';

export interface BlocklistOptions {
  /** Files, and folders whose list files are loaded. */
  readonly paths: readonly string[];
  /** The same for lists of what is harmless; they win. */
  readonly allowPaths?: readonly string[];
  /** By name of list. */
  readonly settings?: Readonly<Record<string, ListSettings>>;
  /** Networks of this host and its site that no list may accuse, beside the reserved ones; asked at every look. */
  readonly ownNetworks?: () => readonly string[];
  /** Where the last good versions are kept over restarts; nowhere when absent. */
  readonly stateFolder?: string;
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
  /** Files up to this size are read on the calling thread. */
  readonly inlineBytes?: number;
}

export interface BlocklistStore {
  /** Always answers from the newest complete snapshot. */
  readonly lookup: ReputationLookup & Exemptions;
  lists(): readonly ListStatus[];
  /** Matches by name of list since the start. */
  hits(): ReadonlyMap<string, number>;
  /** Versions that were not taken into use, by name of list since the start. */
  errors(): ReadonlyMap<string, number>;
  /** The lists in use, for those who want to know why. */
  inUse(): ListsOfRoles;
  /** Rises by one with each change of what is in use. */
  generation(): number;
  /** Looks at the files now. */
  rescan(): void;
  /** Ends watching; lookups go on with what is loaded. */
  close(): Promise<void>;
}

export interface ListsOfRoles {
  readonly block: readonly CompiledList[];
  readonly allow: readonly CompiledList[];
  readonly guard: readonly string[];
}

const DEFAULTS = {
  allowPaths: [],
  settings: {},
  ownNetworks: () => [],
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
  const given = { ...DEFAULTS, ...options };
  const { now } = given;
  const settings: Readonly<Record<string, ListSettings>> = given.settings;
  const lastGood = given.stateFolder === undefined ? undefined : createLastGood(given.stateFolder, now);
  const isKept = async (path: string, role: string) =>
    (await lastGood?.entriesOf(`${role}:${path}`)) !== undefined;
  const sources = {
    block: await resolveSources(given.paths, (path) => isKept(path, 'block')),
    allow: await resolveSources(given.allowPaths, (path) => isKept(path, 'allow')),
  };
  const stop = new AbortController();
  const onReport: ReportSink = (report) => {
    if (!stop.signal.aborted) given.onReport(report);
  };
  const hits = new Map<string, number>();
  const errors = new Map<string, number>();
  const once = createReportOnce(onReport);
  const parser = createListParser(given.inlineBytes === undefined ? {} : { inlineBytes: given.inlineBytes });
  const settingsOf = (name: string) => (Object.hasOwn(settings, name) ? (settings[name] ?? {}) : {});
  const guard = () => [...RESERVED_NETWORKS, ...given.ownNetworks()];
  let isOpening = true;
  let snapshot = EMPTY_SNAPSHOT;

  // While opening, the waits hold the process up; later they must not keep it alive.
  const sleep = (ms: number) => delay(ms, undefined, { ref: isOpening, signal: stop.signal });
  const seed = Math.trunc(Math.random() * 0x7fffffff);
  let inUseSoon: (() => Promise<void>)[] = [];
  const onceInUse = (work: () => Promise<void>) => void inUseSoon.push(work);
  const common = { ...given, onceInUse, sleep, report: onReport, parser, settingsOf, guard, seed };
  const kept = lastGood === undefined ? {} : { lastGood };
  const scanners = [
    createListScanner({ ...common, ...kept, sources: sources.block, role: 'block' }),
    createListScanner({ ...common, ...kept, sources: sources.allow, role: 'allow' }),
  ];
  const watcher = createFolderWatcher({
    onChange: () => loop.soon(given.debounceMs),
    onTrouble: (folder, reason) =>
      onReport(warning(folder, `cannot be watched (${reason}); polling finds changes`)),
  });

  async function scan(): Promise<void> {
    if (given.watch) await watcher.update(await foldersToWatch([...sources.block, ...sources.allow]));
    const slots = (await Promise.all(scanners.map((scanner) => scanner.scan()))).flat();
    if (stop.signal.aborted) return;
    const onHit = (list: string) => hits.set(list, (hits.get(list) ?? 0) + 1);
    const known = new Set(snapshot.lists.map(({ error }) => error));
    snapshot = nextSnapshot(snapshot, slots, { guard: guard(), onHit });
    for (const { name, error } of snapshot.lists)
      if (error !== undefined && !known.has(error)) errors.set(name, (errors.get(name) ?? 0) + 1);
    once(staleReports(slots, settingsOf, now()));
    const works = inUseSoon;
    inUseSoon = [];
    await Promise.all(works.map((work) => work()));
    if (slots.some(awaitsRemoval)) loop.soon(given.removalGraceMs);
  }
  const loop = createScanLoop({
    scan,
    pollMs: given.pollMs,
    onError: (error) =>
      onReport({ level: 'warning', file: '', message: `blocklists: scan failed: ${String(error)}` }),
  });
  async function close(): Promise<void> {
    stop.abort();
    watcher.close();
    await Promise.all([loop.close(), parser.close()]);
  }

  try {
    await scan();
    refuseBrokenFiles(scanners.flatMap((scanner) => scanner.slots()));
  } catch (error) {
    await close();
    throw error;
  }
  isOpening = false;
  loop.start();
  return {
    lookup: {
      lookup: (ip, context) => snapshot.lookup.lookup(ip, context),
      lookupName: (name, context) => snapshot.lookup.lookupName(name, context),
      hasNames: () => snapshot.lookup.hasNames(),
      exempts: (ip) => snapshot.lookup.exempts(ip),
      exemptsName: (name) => snapshot.lookup.exemptsName(name),
    },
    lists: () => snapshot.lists,
    hits: () => hits,
    errors: () => errors,
    inUse: () => snapshot,
    generation: () => snapshot.generation,
    rescan: () => loop.soon(0),
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
