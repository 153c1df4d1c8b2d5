import { parseDuration } from './duration.ts';
import type { FileConfig } from './schema.ts';

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

type Security = FileConfig['agent']['network']['security'];

/** Without the members that are undefined, as exact optional properties want it. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Settings of single lists by name, units in names. */
export function toListSettings(lists: Security['lists']) {
  return Object.fromEntries(
    Object.entries(lists).map(([name, settings]) => [
      name,
      given({
        format: settings.format,
        category: settings.category,
        confidence: settings.confidence,
        direction: settings.direction,
        minConfidence: settings.min_confidence,
        allowReserved: settings.allow_reserved,
        allowShrink: settings.allow_shrink,
        staleAfterMs: settings.stale_after === undefined ? undefined : parseDuration(settings.stale_after),
      }),
    ]),
  );
}
