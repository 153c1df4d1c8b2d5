/** Any run of characters, also none and also newlines. */
export const STAR = 0;
/** Exactly one code point. */
export const ONE = 1;
/** One of the dashes that a Windows command line takes for `-` (modifier windash). */
export const DASH = 2;

/** A string value: literal text and wildcards. Neighbouring texts are one; two stars never follow each other. */
export type Part = string | typeof STAR | typeof ONE | typeof DASH;
export type Pattern = readonly Part[];

export const DASHES: readonly string[] = ['-', '/', '\u2013', '\u2014', '\u2015'];

/** Joins parts into the shortest pattern of the same meaning. */
export function patternOf(parts: readonly Part[]): Pattern {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part === '' || (part === STAR && last === STAR)) continue;
    if (typeof part === 'string' && typeof last === 'string') out[out.length - 1] = last + part;
    else out.push(part);
  }
  return out;
}

/** Reads a rule's string: `*` and `?` are wildcards, `\` escapes them and itself only in front of `*`, `?`, `\`. */
export function parsePattern(text: string): Pattern {
  const parts: Part[] = [];
  let literal = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    if (char === '\\' && next !== '' && '\\*?'.includes(next)) {
      literal += next;
      i++;
    } else if (char === '*' || char === '?') {
      parts.push(literal, char === '*' ? STAR : ONE);
      literal = '';
    } else literal += char;
  }
  return patternOf([...parts, literal]);
}

export const startsAnything = (pattern: Pattern): Pattern => patternOf([STAR, ...pattern]);
export const endsAnything = (pattern: Pattern): Pattern => patternOf([...pattern, STAR]);
export const anywhere = (pattern: Pattern): Pattern => patternOf([STAR, ...pattern, STAR]);

/** The text, when the pattern has no wildcard. */
export function literalOf(pattern: Pattern): string | undefined {
  if (pattern.length === 0) return '';
  const [only] = pattern;
  return pattern.length === 1 && typeof only === 'string' ? only : undefined;
}

/** The rule's spelling of a pattern again. */
export function showPattern(pattern: Pattern): string {
  const show = (part: Part): string => {
    if (typeof part === 'string') return part.replace(/[*?]/g, '\\$&');
    return part === STAR ? '*' : part === ONE ? '?' : '-';
  };
  return pattern.map(show).join('');
}

const DASH_SLOT = /(?<![\p{L}\p{N}_])[-/](?=[\p{L}\p{N}_])/gu;

/** Every `-` or `/` that begins a word, and does not stand inside one, becomes any of the dashes. */
export function withDashes(pattern: Pattern): Pattern {
  return patternOf(pattern.flatMap((part) => (typeof part === 'string' ? dashParts(part) : [part])));
}

function dashParts(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { index } of text.matchAll(DASH_SLOT)) {
    parts.push(text.slice(from, index), DASH);
    from = index + 1;
  }
  return [...parts, text.slice(from)];
}

/** Variants without dash slots, at most `limit`; undefined when there would be more. */
export function expandDashes(pattern: Pattern, limit: number): readonly Pattern[] | undefined {
  let variants: Part[][] = [[]];
  for (const part of pattern) {
    const choices: readonly Part[] = part === DASH ? DASHES : [part];
    if (variants.length * choices.length > limit) return undefined;
    variants = variants.flatMap((before) => choices.map((choice) => [...before, choice]));
  }
  return variants.map(patternOf);
}
