import type { SettingsOf } from './list-settings.ts';
import type { ListSlot } from './list-slot.ts';
import { type BlocklistReport, warning } from './report.ts';

const HOUR_MS = 3_600_000;

/** One report for each list whose file has not been written for longer than its settings allow. */
export function* staleReports(
  slots: readonly ListSlot[],
  settingsOf: SettingsOf,
  nowMs: number,
): Generator<BlocklistReport> {
  for (const { name, file, modifiedMs, current } of slots) {
    const { staleAfterMs } = settingsOf(name);
    if (!current || staleAfterMs === undefined || modifiedMs === undefined) continue;
    if (nowMs - modifiedMs <= staleAfterMs) continue;
    const written = new Date(modifiedMs).toISOString();
    const limit = Math.round((staleAfterMs / HOUR_MS) * 10) / 10;
    const message = `the list is stale: last written ${written}, more than ${limit} h ago; it stays in use`;
    yield { ...warning(file, message), health: 'stale' };
  }
}
