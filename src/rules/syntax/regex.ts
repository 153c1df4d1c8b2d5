import { RE2JS } from 're2js';

/** A regular expression on a linear-time engine. */
export interface Regex {
  readonly source: string;
  /** Some of `ims`. */
  readonly flags: string;
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
}

const MAX_LENGTH = 8192;
/** Instructions; counted repeats are written out. Time per character grows with them. */
const MAX_PROGRAM = 10_000;
const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** Compiles, or says why the engine refuses. */
export function compileRegex(source: string, flags: string): Regex | { readonly problem: string } {
  const compiled = compileEngine(source, flags);
  if ('problem' in compiled) return compiled;
  const { engine, flags: all } = compiled;
  return { source, flags: all, test: (subject) => engine.test(subject) };
}

interface Compiled {
  readonly engine: RE2JS;
  /** Those that were given and those in front of the expression. */
  readonly flags: string;
}

/** The same for those who do more than test. */
export function compileEngine(source: string, flags: string): Compiled | { readonly problem: string } {
  if (source.length > MAX_LENGTH)
    return { problem: `the expression has ${source.length} characters; the limit is ${MAX_LENGTH}` };
  const { text, inline } = hoistFlags(source);
  const all = Object.keys(FLAGS).filter((flag) => flags.includes(flag) || inline.includes(flag));
  try {
    const bits = all.reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
    const engine = RE2JS.compile(text, bits);
    if (engine.programSize() > MAX_PROGRAM)
      return { problem: 'the expression is too large once its counted repeats are written out' };
    return { engine, flags: all.join('') };
  } catch (error) {
    return { problem: explain(source, error) };
  }
}

/** `(?i)` in front is a flag; elsewhere the engine knows it by itself. */
function hoistFlags(source: string): { text: string; inline: string } {
  const match = /^\(\?([ims]+)\)/.exec(source);
  return match === null
    ? { text: source, inline: '' }
    : { text: source.slice(match[0].length), inline: match[1] ?? '' };
}

function explain(source: string, error: unknown): string {
  if (/\(\?<?[=!]/.test(source)) return 'look-ahead and look-behind do not exist in a linear-time engine';
  if (/\\[1-9]/.test(source)) return 'back-references do not exist in a linear-time engine';
  if (/\(\?>|[*+?}]\+/.test(source))
    return 'atomic groups and possessive quantifiers do not exist in a linear-time engine';
  return error instanceof Error ? error.message : String(error);
}
