import { parsePattern, STAR } from './pattern.ts';
import { quoted } from './problem.ts';

/** Named lists that stand for `%name%` under the modifier `expand`. Values may hold wildcards. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

type Expanded =
  | { readonly texts: readonly string[] }
  | { readonly code: 'placeholder-unresolved' | 'value-limit'; readonly problem: string };

/** Values that one text may become. */
const MAX_TEXTS = 10_000;
const SLOT = /\\%|%([^%\s\\]{1,128})%/g;

/** Puts list values in the place of `%name%`; `\%` is a plain percent sign. */
export function expandPlaceholders(text: string, lists: Placeholders, form: 'text' | 'regex'): Expanded {
  let texts = [''];
  let from = 0;
  for (const match of text.matchAll(SLOT)) {
    const before = text.slice(from, match.index);
    from = match.index + match[0].length;
    const name = match[1];
    const values = name === undefined ? ['%'] : lists.get(name);
    if (values === undefined)
      return {
        code: 'placeholder-unresolved',
        problem: `no list is named ${quoted(name ?? '')}; give it to the rules as a placeholder`,
      };
    if (texts.length * values.length > MAX_TEXTS)
      return { code: 'value-limit', problem: `placeholders would make more than ${MAX_TEXTS} values` };
    const shown = form === 'regex' && name !== undefined ? values.map(asRegex) : values;
    texts = texts.flatMap((head) => shown.map((value) => head + before + value));
  }
  return { texts: texts.map((head) => head + text.slice(from)) };
}

function asRegex(value: string): string {
  return parsePattern(value)
    .map((part) => {
      if (typeof part === 'string') return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      return part === STAR ? '.*' : '.';
    })
    .join('');
}
