import { changedKeys } from '../../config/changed-keys.ts';
import { inspectConfig, type LoadedConfig } from '../../config/inspect.ts';
import { listProblems } from '../../config/load.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { TuningReload } from './tuning.ts';

export interface Reload {
  run(): void;
  /** Looks at the configuration that found it right, and wrong. */
  readonly counters: { readonly done: number; readonly failed: number };
}

/**
 * What SIGHUP does: takes the tuning files over, and says what of the configuration has changed and waits for a restart.
 * Blocklists, certificates and header files are followed all the time.
 */
export function createReload(
  loaded: LoadedConfig,
  { tuning, diagnostics }: { readonly tuning: TuningReload; readonly diagnostics: Diagnostics },
): Reload {
  const counters = { done: 0, failed: 0 };

  function compareConfig(source: string): void {
    const inspection = inspectConfig(source);
    counters[inspection.ok ? 'done' : 'failed'] += 1;
    if (!inspection.ok) {
      diagnostics.error(`${source} is wrong, what is in effect stays:\n${listProblems(inspection.problems)}`);
      return;
    }
    const changed = changedKeys(loaded, inspection.loaded);
    diagnostics.info(
      changed.length === 0
        ? `${source} has not changed`
        : `${source}: restart telegen for these changes: ${changed.join(', ')}`,
    );
  }

  return {
    counters,
    run() {
      diagnostics.info('reloading (SIGHUP)');
      tuning.refresh(true);
      if (loaded.source !== undefined) compareConfig(loaded.source);
    },
  };
}
