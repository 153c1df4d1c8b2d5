import type { FormatName } from '../model/list-formats.ts';
import type { ListDirection } from '../model/lookup.ts';
import type { ListRole, ParseOptions } from './parsed-list.ts';

/** What an operator may say of one list, by its name. */
export interface ListSettings {
  readonly format?: FormatName;
  readonly category?: string;
  readonly confidence?: number;
  readonly direction?: ListDirection;
  readonly minConfidence?: number;
  /** It may speak of reserved and own addresses. */
  readonly allowReserved?: boolean;
  /** A new version may be less than half of the one before. */
  readonly allowShrink?: boolean;
  /** A file that has not changed for so long is reported. */
  readonly staleAfterMs?: number;
}

export type SettingsOf = (list: string) => ListSettings;

export interface ReadingContext {
  readonly role: ListRole;
  readonly guard: readonly string[];
  readonly seed: number;
  readonly categories?: string;
  readonly keep?: number;
}

export function parseOptionsOf(settings: ListSettings, context: ReadingContext): ParseOptions {
  const { format, category, confidence, direction, minConfidence, allowReserved = false } = settings;
  const { role, guard, ...rest } = context;
  return {
    ...rest,
    role,
    // An allowlist may well name what is internal.
    guard: allowReserved || role === 'allow' ? [] : guard,
    defaults: {
      ...(category === undefined ? {} : { category }),
      ...(confidence === undefined ? {} : { confidence }),
      ...(direction === undefined ? {} : { direction }),
    },
    ...(format === undefined ? {} : { format }),
    ...(minConfidence === undefined ? {} : { minConfidence }),
  };
}
