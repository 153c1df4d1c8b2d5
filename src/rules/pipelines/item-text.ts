import type { DetectionItem, ItemValue } from '../syntax/detection.ts';
import { ONE, parsePattern, STAR } from '../syntax/pattern.ts';

/** Modifiers under which a value is no text to be looked into. */
const NO_TEXT =
  /^(?:re|cidr|exists|fieldref|[gl]te?|minute|hour|day|week|month|year|base64|base64offset|wide|utf16(?:le|be)?)$/;

/** Whether the values of an item are text with wildcards. */
export const hasText = ({ modifiers }: DetectionItem): boolean =>
  !modifiers.some((name) => NO_TEXT.test(name));

const isAnchor = (name: string): boolean => /^(?:contains|startswith|endswith)$/.test(name);

/**
 * The item with `contains` and the like written into its values as wildcards: what pipelines see of a value is what the event's field is
 * compared with, as in pySigma.
 */
export function withoutAnchors(item: DetectionItem): DetectionItem {
  const anchors = item.modifiers.filter(isAnchor);
  if (anchors.length === 0) return item;
  const before = anchors.some((name) => name !== 'startswith');
  const after = anchors.some((name) => name !== 'endswith');
  const values = item.values.map(({ value, offset }) => {
    if (value === null || typeof value === 'boolean') return { value, offset };
    const text = String(value);
    // A backslash at the end would escape the wildcard.
    const safe = after && /(?<!\\)(?:\\\\)*\\$/.test(text) ? `${text}\\` : text;
    return { value: `${before ? '*' : ''}${safe}${after ? '*' : ''}`, offset };
  });
  return { ...item, modifiers: item.modifiers.filter((name) => !isAnchor(name)), values };
}

/** The text of a value as regular expressions of pipelines see it: without escapes. */
export function shownText({ value }: ItemValue): string | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  return parsePattern(String(value))
    .map((part) => (part === STAR ? '*' : part === ONE ? '?' : String(part)))
    .join('');
}

/** The other way round: wildcards are wildcards, and a backslash that escapes none is one. */
export const fromShown = (text: string): string => text.replace(/\\(?![*?])/g, '\\\\');

/** Texts in a pattern, changed one by one; wildcards stay. With `isLiteral` wildcards in the new texts are plain characters. */
export function mapParts(value: string, change: (text: string) => string, isLiteral: boolean): string {
  return parsePattern(value)
    .map((part) => {
      if (part === STAR) return '*';
      if (part === ONE) return '?';
      const text = change(String(part));
      return isLiteral ? text.replace(/[\\*?]/g, '\\$&') : fromShown(text);
    })
    .join('');
}
