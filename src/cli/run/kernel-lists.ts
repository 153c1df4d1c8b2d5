import {
  capacityFor,
  type KernelLists,
  LIST_SOURCES,
  type ListCapacity,
  type ListSource,
} from '../../capture/live/lists/kernel-lists.ts';
import { atOnce } from '../../net/steps.ts';
import { inSlices } from '../../rule-files/in-slices.ts';
import { clearUp } from './clear-up.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { KernelListSource } from './reputation.ts';

/** Lists of the fleet must be known within a second. */
const LOOK_MS = 250;
/** Scores decay without a word from anybody. */
const SCORES_AGAIN_MS = 30_000;
/** Entries from which on a new version leaves much behind. */
const LONG = 50_000;

/** How the kernel side hears of lists: room when it is loaded, what is listed before it is attached, and later changes. */
export interface ListFeed {
  readonly capacity: ListCapacity;
  /** At once, so that no connection comes before. */
  fill(kernel: KernelLists): void;
  follow(kernel: KernelLists): void;
  close(): void;
}

export function createListFeed(source: KernelListSource, diagnostics: Pick<Diagnostics, 'warn'>): ListFeed {
  const told: Record<ListSource, number> = { lists: -1, scores: -1 };
  const complained = new Set<string>();
  let scoresMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let isWriting = false;

  /** Sources that have news. A change of lists may exempt what is in the other. */
  function due(): readonly ListSource[] {
    const { lists, scores } = source.versions();
    if (lists !== told.lists) return LIST_SOURCES;
    const isOld = scores > 0 && Date.now() - scoresMs >= SCORES_AGAIN_MS;
    return scores !== told.scores || isOld ? ['scores'] : [];
  }
  function* write(kernel: KernelLists, sources: readonly ListSource[]): Generator<void, void> {
    const versions = source.versions();
    const nowMs = Date.now();
    for (const each of sources) {
      yield* kernel.replace(each, yield* source.ranges(each, nowMs));
      told[each] = versions[each];
      if (each === 'scores') scoresMs = nowMs;
    }
    complain(kernel);
  }
  function complain(kernel: KernelLists): void {
    for (const { source: name, family, leftOut, capacity } of kernel.figures()) {
      const key = `${name}/${family}`;
      if (leftOut === 0) complained.delete(key);
      else if (!complained.has(key)) {
        complained.add(key);
        diagnostics.warn(
          `the kernel side has room for ${capacity} IPv${family} ranges of ${name}, ${leftOut} are left out: alerts are complete, ` +
            'marks in the kernel are not; a restart makes room',
        );
      }
    }
  }
  async function look(kernel: KernelLists): Promise<void> {
    const sources = due();
    if (isWriting || sources.length === 0) return;
    isWriting = true;
    const versions = source.versions();
    try {
      await inSlices(write(kernel, sources));
      if (sources.includes('lists') && source.size(4) + source.size(6) >= LONG) clearUp('soon');
    } catch (error) {
      // Not again before there is news: what is in use stays in use.
      Object.assign(told, versions);
      diagnostics.warn(`the kernel side keeps the lists that it has: ${String(error)}`);
    } finally {
      isWriting = false;
    }
  }
  return {
    capacity: capacityFor({ 4: source.size(4), 6: source.size(6) }),
    fill: (kernel) => atOnce(write(kernel, LIST_SOURCES)),
    follow(kernel) {
      timer = setInterval(() => void look(kernel), LOOK_MS).unref();
    },
    close: () => clearInterval(timer),
  };
}
