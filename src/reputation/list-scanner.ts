import { dirname } from 'node:path';
import { type ListSlot, markMissing, newSlot, type RefreshOptions, refreshSlot } from './list-slot.ts';
import { createReportOnce, warning } from './report.ts';
import { type Candidates, findCandidates, MAX_LISTS, type Source } from './sources.ts';

export interface ListScannerOptions extends RefreshOptions {
  readonly sources: readonly Source[];
  readonly removalGraceMs: number;
}

/** Looks at all list files and remembers what became of each. One scan at a time. */
export interface ListScanner {
  scan(): Promise<readonly ListSlot[]>;
  slots(): readonly ListSlot[];
}

/** Files that wait to be stable, and are then read, at the same time. */
const PARALLEL = 16;

export function createListScanner(options: ListScannerOptions): ListScanner {
  const { sources, removalGraceMs, now, report } = options;
  const once = createReportOnce(report);
  let slots: ReadonlyMap<string, ListSlot> = new Map();

  async function refreshAll(files: Candidates['files']): Promise<ListSlot[]> {
    const asked = [...files].map(
      ([file, { explicit }]) => slots.get(file) ?? newSlot(file, explicit, options.role),
    );
    const refreshed: ListSlot[] = [];
    for (let i = 0; i < asked.length; i += PARALLEL) {
      refreshed.push(
        ...(await Promise.all(asked.slice(i, i + PARALLEL).map((slot) => refreshSlot(slot, options)))),
      );
    }
    return refreshed;
  }
  function lost({ files, unreadable }: Candidates): ListSlot[] {
    const gone = [...slots.values()].filter(({ file }) => !files.has(file));
    return gone.map((slot) => (unreadable.has(dirname(slot.file)) ? slot : markMissing(slot, options)));
  }
  function stays(slot: ListSlot): boolean {
    const { file, explicit, current, missingSinceMs } = slot;
    if (explicit || missingSinceMs === undefined) return true;
    if (!current) return false;
    if (now() - missingSinceMs < removalGraceMs) return true;
    report(warning(file, `removed from its folder; list dropped (${current.entries} entries)`));
    return false;
  }
  async function scan(): Promise<readonly ListSlot[]> {
    const candidates = await findCandidates(sources);
    const all = [...(await refreshAll(candidates.files)), ...lost(candidates)].filter(stays);
    slots = new Map(all.map((slot) => [slot.file, slot]));
    once(troubles(candidates, all));
    return all;
  }
  return { scan, slots: () => [...slots.values()] };
}

function* troubles({ unreadable, ignored }: Candidates, slots: readonly ListSlot[]) {
  for (const [folder, code] of unreadable)
    yield warning(folder, `the folder cannot be read (${code}); its lists are kept`);
  if (ignored > 0)
    yield warning('blocklists', `${ignored} files ignored: at most ${MAX_LISTS} lists are loaded`);
  const fileOf = new Map<string, string>();
  for (const { name, file } of slots) {
    const other = fileOf.get(name);
    if (other !== undefined)
      yield warning(file, `has the same list name "${name}" as ${other}; alerts cannot tell them apart`);
    else fileOf.set(name, file);
  }
}
