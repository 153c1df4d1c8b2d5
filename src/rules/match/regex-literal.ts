import type { Regex } from '../syntax/regex.ts';

/** Characters that are no letter of the pattern language. */
const META = new Set('\\^$.|?*+()[]{}');
/** Case-insensitive engines fold more than one unit to these: U+017F is an s, and so on. Plain ASCII but s and k is safe. */
const FOLDS_WIDELY = /[sk]/i;

/**
 * Texts of which every match of the expression holds at least one: one per alternative, as far as a simple look tells.
 * undefined when an alternative has none of at least two characters.
 */
export function requiredLiterals({ source, flags }: Regex): readonly string[] | undefined {
  const text = source.replace(/^\(\?[ims]+\)/, '');
  if (/\(\?[a-zA-Z]*[a-zA-Z-]+[):]/.test(text)) return undefined;
  const ignoreCase = flags.includes('i');
  let runs: string[] = [''];
  const alternatives = [runs];
  for (let i = 0; i < text.length; ) {
    if (text.charAt(i) === '|') {
      runs = [''];
      alternatives.push(runs);
      i++;
      continue;
    }
    const step = readAtom(text, i);
    if (step === undefined) return undefined;
    if (step.once && isPlain(step.char, ignoreCase)) runs[runs.length - 1] += step.char;
    else runs.push('');
    i = step.next;
  }
  const best = alternatives.map((each) => each.reduce((a, b) => (b.length > a.length ? b : a)));
  return best.every(({ length }) => length >= 2) ? best : undefined;
}

function isPlain(char: string | undefined, ignoreCase: boolean): char is string {
  return char !== undefined && char >= ' ' && char <= '~' && !(ignoreCase && FOLDS_WIDELY.test(char));
}

interface AtomRead {
  /** The one character that stands there; undefined for everything else. */
  readonly char: string | undefined;
  /** Without a quantifier. */
  readonly once: boolean;
  readonly next: number;
}

function readAtom(text: string, at: number): AtomRead | undefined {
  const char = text.charAt(at);
  let end = at + 1;
  let literal: string | undefined = META.has(char) ? undefined : char;
  if (char === '\\') {
    const escaped = text.charAt(at + 1);
    // `\Q...\E` quotes a stretch; classes and assertions are letters and digits.
    if (escaped === '' || escaped === 'Q') return undefined;
    literal = /[A-Za-z0-9]/.test(escaped) ? undefined : escaped;
    if (/[pPx]/.test(escaped)) return undefined;
    end = at + 2;
  } else if (char === '[') {
    end = endOfClass(text, at);
  } else if (char === '(') {
    end = endOfGroup(text, at);
  }
  if (end < 0) return undefined;
  const quantifier = /^(?:[?*+]|\{\d*,?\d*\})[?+]?/.exec(text.slice(end, end + 16));
  return {
    char: literal,
    once: quantifier === null,
    next: end + (quantifier?.[0].length ?? 0),
  };
}

function endOfClass(text: string, at: number): number {
  let i = at + 1;
  if (text.charAt(i) === '^') i++;
  // A bracket directly behind the opening one is a member.
  if (text.charAt(i) === ']') i++;
  for (; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') i++;
    else if (char === '[' && text.charAt(i + 1) === ':') return -1;
    else if (char === ']') return i + 1;
  }
  return -1;
}

/** Groups are skipped whole; what they hold is not needed. */
function endOfGroup(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') i++;
    else if (char === '[') {
      const end = endOfClass(text, i);
      if (end < 0) return -1;
      i = end - 1;
    } else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return -1;
}
