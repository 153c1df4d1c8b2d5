import { ATTR } from '../model/attributes.ts';
import type { Attributes, AttributeValue } from '../model/finding.ts';
import type { ListMatch } from '../model/lookup.ts';

/** Entries that an alert names; the rest are of the same address anyway. */
const NAMED_ENTRIES = 16;

/**
 * What lists say of a peer. `name`, `entry` and `line` have one element per entry, in the same order; of the other facts
 * an alert carries what is known: all categories and references, the highest confidence, and the rest of the entry that
 * is most confident.
 */
export function matchAttributes(all: readonly ListMatch[]): Attributes {
  const matches = all.slice(0, NAMED_ENTRIES);
  const lead = matches.reduce<ListMatch | undefined>(
    (best, match) => (best && (best.confidence ?? -1) >= (match.confidence ?? -1) ? best : match),
    undefined,
  );
  const draft: Readonly<Record<string, AttributeValue | undefined>> = {
    [ATTR.listName]: matches.map(({ list }) => list),
    [ATTR.listEntry]: matches.map(({ entry }) => entry),
    [ATTR.listLine]: matches.map(({ line }) => String(line)),
    [ATTR.listCategory]: distinct(matches.map(({ category }) => category)),
    [ATTR.listConfidence]: lead?.confidence,
    [ATTR.listDirection]: lead?.direction,
    [ATTR.listPort]: lead?.port,
    [ATTR.listFirstSeen]: isoTime(lead?.firstSeenMs),
    [ATTR.listExpires]: isoTime(lead?.expiresMs),
    [ATTR.listReference]: distinct(matches.map(({ reference }) => reference)),
  };
  return Object.fromEntries(
    Object.entries(draft).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );
}

function distinct(texts: readonly (string | undefined)[]): readonly string[] | undefined {
  const known = [...new Set(texts.filter((text) => text !== undefined))];
  return known.length === 0 ? undefined : known;
}

/** undefined for what is no time of a calendar. */
function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined || Math.abs(ms) > MAX_TIME_MS ? undefined : new Date(ms).toISOString();
}

/** The last time that a Date can hold. */
const MAX_TIME_MS = 8.64e15;
