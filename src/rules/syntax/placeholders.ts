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
  return substituteSlots(text, { form, keepsRest: false, valuesOf: (name) => lists.get(name) });
}

export interface Substitution {
  readonly form: 'text' | 'regex';
  /** Leave placeholders without values, and `\%`, to somebody else. Else such a placeholder is a problem. */
  readonly keepsRest: boolean;
  readonly valuesOf: (name: string) => readonly string[] | undefined;
}

/** The texts that values in the place of `%name%` make of one. */
export function substituteSlots(text: string, { form, keepsRest, valuesOf }: Substitution): Expanded {
  let texts = [''];
  let from = 0;
  for (const match of text.matchAll(SLOT)) {
    const [slot, name] = match;
    const before = text.slice(from, match.index);
    from = match.index + slot.length;
    const values =
      name === undefined ? [keepsRest ? slot : '%'] : shownValues(valuesOf(name), form, keepsRest);
    const known = values ?? (keepsRest ? [slot] : undefined);
    if (known === undefined)
      return {
        code: 'placeholder-unresolved',
        problem: `no list is named ${quoted(name ?? '')}; give it to the rules as a placeholder`,
      };
    if (texts.length * known.length > MAX_TEXTS)
      return { code: 'value-limit', problem: `placeholders would make more than ${MAX_TEXTS} values` };
    texts = texts.flatMap((head) => known.map((value) => head + before + value));
  }
  return { texts: texts.map((head) => head + text.slice(from)) };
}

/** When somebody looks for placeholders again, percent signs of values must not look like any. */
function shownValues(
  values: readonly string[] | undefined,
  form: 'text' | 'regex',
  keepsRest: boolean,
): readonly string[] | undefined {
  const shown = form === 'regex' ? values?.map(asRegex) : values;
  return keepsRest ? shown?.map((value) => value.replaceAll('%', '\\%')) : shown;
}

function asRegex(value: string): string {
  return parsePattern(value)
    .map((part) => {
      if (typeof part === 'string') return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      return part === STAR ? '.*' : '.';
    })
    .join('');
}
