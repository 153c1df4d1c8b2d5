import type { TunedMerger } from '../../alerts/tuning/tuned-merger.ts';
import type { Suppression, Tuning } from '../../alerts/tuning/tuning.ts';
import { formatProblem } from '../../config/issue.ts';
import { loadTuning, readTuning } from '../../config/tuning-file.ts';
import { createFileStamps } from '../../telemetry/export/file-stamps.ts';
import type { Diagnostics } from './diagnostics.ts';

/** How often tuning files are looked at. */
const LOOK_INTERVAL_MS = 2_000;

export interface TuningReload {
  /** Takes the files over if they have changed since; with `force` in any case. What is wrong leaves the last good in use. */
  refresh(force?: boolean): void;
  /** Reloads that worked and that did not. */
  readonly counters: { readonly done: number; readonly failed: number };
}

const dateOf = ({ expiresMs }: Suppression): string => new Date(expiresMs).toISOString();

export const expiryText = (suppression: Suppression): string =>
  `suppression ${JSON.stringify(suppression.name)} of ${suppression.owner} has expired (${dateOf(suppression)}); ` +
  `its alerts are sent again. It was for: ${suppression.reason}`;

function describe({ suppressions, limits }: Tuning, nowMs: number): string {
  const active = suppressions.filter(({ expiresMs }) => expiresMs > nowMs).length;
  return `${active} suppressions and ${limits.length} limits in effect`;
}

/** Applies the tuning files, and again whenever they change. Throws TELEGEN_CONFIG when they are wrong at the start. */
export function followTuning(
  paths: readonly string[],
  merger: TunedMerger,
  diagnostics: Diagnostics,
): TuningReload {
  const stamps = createFileStamps(paths, { intervalMs: LOOK_INTERVAL_MS, now: () => performance.now() });

  function apply(tuning: Tuning): void {
    merger.tune(tuning);
    if (paths.length === 0) return;
    diagnostics.info(`${describe(tuning, Date.now())} (${paths.join(', ')})`);
    for (const suppression of tuning.suppressions)
      if (suppression.expiresMs <= Date.now()) diagnostics.warn(expiryText(suppression));
  }

  apply(loadTuning(paths));
  const counters = { done: 0, failed: 0 };
  return {
    counters,
    refresh(force = false) {
      if (paths.length === 0 || (!stamps.changed() && !force)) return;
      const result = readTuning(paths);
      counters[result.ok ? 'done' : 'failed'] += 1;
      if (result.ok) apply(result.tuning);
      else
        diagnostics.error(
          `tuning files are wrong, what was in effect stays:\n${result.problems.map(formatProblem).join('\n')}`,
        );
    },
  };
}
