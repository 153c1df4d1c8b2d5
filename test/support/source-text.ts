/** A TypeScript file with everything blanked that is not code: comments, the insides of strings, regular expressions. */
export interface SourceText {
  /** As long as the source and with the same lines; strings keep their quotes. */
  readonly code: string;
  /** Contents of the strings by the offset of their opening quote. */
  readonly strings: ReadonlyMap<number, string>;
}

interface Piece {
  readonly end: number;
  readonly kind: 'code' | 'hidden' | 'string';
}

/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX =
  /(?:^|[-+*%=<>!&|^~?:;,([{}]|\b(?:return|typeof|case|in|of|await|yield|void|delete|do|else))\s*$/;
const LOOK_BACK = 40;
/** Where something other than plain code may begin. */
const INTERESTING = /["'`/{}]/g;

/** Splits code from text. Knows just enough of TypeScript for this project's own files. */
export function readSource(source: string): SourceText {
  const code = source.split('');
  const strings = new Map<number, string>();
  /** Depth of braces in each template hole that is open. */
  const holes: number[] = [];
  const before = (at: number): string => code.slice(Math.max(0, at - LOOK_BACK), at).join('');
  for (let at = nextMark(source, 0); at < source.length; ) {
    const piece = nextPiece(source, at, { holes, before });
    if (piece.kind === 'string') strings.set(at, source.slice(at + 1, piece.end - 1));
    if (piece.kind === 'hidden') blank(code, at, piece.end);
    if (piece.kind === 'string') blank(code, at + 1, piece.end - 1);
    at = nextMark(source, piece.end);
  }
  return { code: code.join(''), strings };
}

function nextMark(source: string, from: number): number {
  INTERESTING.lastIndex = from;
  return INTERESTING.exec(source)?.index ?? source.length;
}

function blank(code: string[], from: number, to: number): void {
  for (let i = from; i < to; i++) if (code[i] !== '\n') code[i] = ' ';
}

interface Context {
  readonly holes: number[];
  /** The code in front of a place. */
  readonly before: (at: number) => string;
}

function nextPiece(source: string, at: number, { holes, before }: Context): Piece {
  const char = source[at] ?? '';
  const pair = source.slice(at, at + 2);
  if (pair === '//') return { end: endOf(source, '\n', at), kind: 'hidden' };
  if (pair === '/*') return { end: endOf(source, '*/', at + 2) + 2, kind: 'hidden' };
  if (char === '"' || char === "'") return { end: closing(source, at + 1, char), kind: 'string' };
  if (char === '/' && BEFORE_REGEX.test(before(at)))
    return { end: closingRegex(source, at + 1), kind: 'hidden' };
  if (char === '`') return template(source, at + 1, holes);
  if (holes.length > 0 && (char === '{' || char === '}')) return brace(source, at, holes);
  return { end: at + 1, kind: 'code' };
}

function endOf(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found;
}

function closing(source: string, from: number, quote: string): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === quote) return at + 1;
  }
  return source.length;
}

function closingRegex(source: string, from: number): number {
  let inClass = false;
  for (let at = from; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return source.length;
}

/** Text of a template up to its end or to the next hole. */
function template(source: string, from: number, holes: number[]): Piece {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '`') return { end: at + 1, kind: 'hidden' };
    else if (source.startsWith('${', at)) {
      holes.push(0);
      return { end: at + 2, kind: 'hidden' };
    }
  }
  return { end: source.length, kind: 'hidden' };
}

/** Inside a hole: its closing brace leads back into the template's text. */
function brace(source: string, at: number, holes: number[]): Piece {
  const depth = holes.pop() ?? 0;
  if (source[at] === '}' && depth === 0) return template(source, at + 1, holes);
  holes.push(depth + (source[at] === '{' ? 1 : -1));
  return { end: at + 1, kind: 'code' };
}
