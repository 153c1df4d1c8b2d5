import type { SavedWindow } from '../../alerts/merge-window.ts';
import { type Remembered, readSnapshot, writeSnapshot } from '../../alerts/state/snapshot-file.ts';
import type { SavedCount } from '../../alerts/tuning/limiter.ts';
import type { TunedMerger } from '../../alerts/tuning/tuned-merger.ts';
import type { Correlations, SavedCorrelation } from '../../rules/correlate/correlations.ts';
import type { RuleEvent } from '../../rules/rule-event.ts';
import type { Diagnostics } from './diagnostics.ts';
import { plainEvent } from './plain-event.ts';

export interface StateParts {
  /** Undefined: nothing outlives this run. */
  readonly file: string | undefined;
  readonly merger: TunedMerger;
  /** Those in force; rules may be reloaded. */
  readonly correlations: () => Correlations<RuleEvent> | undefined;
  readonly diagnostics: Diagnostics;
}

/** Snapshots by what became of them. `ignored`: found, and not to be believed. */
export interface StateCounters {
  readonly written: number;
  readonly failed: number;
  readonly restored: number;
  readonly ignored: number;
}

/** What outlives the program: merge windows, counts of limits, groups of correlations. */
export interface State {
  /** Takes over what an earlier run left. Never throws: what cannot be believed is told, counted and left alone. */
  restore(nowMs: number): Promise<void>;
  /** Writes a snapshot when one is due; call it about once a second. */
  tick(): void;
  /** Before everything is closed: remembers what is about to be told in closing records. */
  prepareEnd(): void;
  /** After that: writes the last snapshot. */
  end(): Promise<void>;
  readonly counters: StateCounters;
}

/** A crash forgets no more than this of counts; alerts themselves are in the spool. */
const INTERVAL_MS = 15_000;

type Correlated = SavedCorrelation<RuleEvent>;

const named = (kind: string, values: Iterable<unknown>): Iterable<Remembered> =>
  (function* () {
    for (const value of values) yield { kind, value };
  })();

/** Events look up what they know when they are asked: that cannot be asked of a file. */
function* plainCorrelations(saved: Iterable<Correlated>): Iterable<Correlated> {
  for (const { signature, group } of saved) {
    const { event, ...last } = group.last;
    yield { signature, group: { ...group, last: { ...last, event: plainEvent(event) } } };
  }
}

export function createState({ file, merger, correlations, diagnostics }: StateParts): State {
  const counters = { written: 0, failed: 0, restored: 0, ignored: 0 };
  let lastMs = performance.now();
  let writing: Promise<void> | undefined;
  let atEnd: readonly Remembered[] | undefined;

  function* ofMerger(closed: boolean): Iterable<Remembered> {
    yield* named('window', merger.save({ closed }));
    yield* named('limit', merger.saveLimits({ closed }));
  }

  function* everything(): Iterable<Remembered> {
    yield* atEnd ?? ofMerger(false);
    yield* named('correlation', plainCorrelations(correlations()?.save() ?? []));
  }

  async function write(path: string): Promise<void> {
    try {
      const { leftOut } = await writeSnapshot(path, everything());
      counters.written += 1;
      if (leftOut > 0) diagnostics.warn(`${leftOut} windows and groups did not fit into ${path}`);
    } catch (error) {
      if (counters.failed === 0)
        diagnostics.warn(`a restart will forget open windows: ${path}: ${String(error)}`);
      counters.failed += 1;
    }
  }

  function takeOver(things: readonly Remembered[], nowMs: number): void {
    const of = <T>(kind: string): T[] =>
      things.flatMap((thing) => (thing.kind === kind ? [thing.value as T] : []));
    const [windows, limits, groups] = [
      of<SavedWindow>('window'),
      of<SavedCount>('limit'),
      of<Correlated>('correlation'),
    ];
    merger.restore(windows, nowMs);
    const gone = merger.restoreLimits(limits, nowMs);
    const changed = correlations()?.restore(groups) ?? groups.length;
    counters.restored += 1;
    diagnostics.info(
      `of an earlier run: ${windows.length} merge windows, ${limits.length - gone} counts of limits, ` +
        `${groups.length - changed} groups of correlations go on`,
    );
  }

  return {
    counters,
    async restore(nowMs) {
      if (file === undefined) return;
      try {
        const things = await readSnapshot(file);
        if (things !== undefined && things.length > 0) takeOver(things, nowMs);
      } catch (error) {
        counters.ignored += 1;
        const reason = error instanceof Error ? error.message : String(error);
        diagnostics.warn(`state of an earlier run is ignored: ${file}: ${reason}`);
      }
    },
    tick() {
      if (file === undefined || writing !== undefined || performance.now() - lastMs < INTERVAL_MS) return;
      lastMs = performance.now();
      writing = write(file).finally(() => {
        writing = undefined;
      });
    },
    prepareEnd() {
      if (file !== undefined) atEnd = [...ofMerger(true)];
    },
    async end() {
      await writing;
      if (file !== undefined) await write(file);
    },
  };
}
