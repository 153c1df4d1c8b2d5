import { quoted } from '../syntax/problem.ts';
import { compileEngine } from '../syntax/regex.ts';
import { PipelineError } from './params.ts';

/** A regular expression of a pipeline, on the same linear-time engine as those of rules. Flags stand inside: `(?i)`. */
export interface PipelineRegex {
  /** From the first character on, as Python's `re.match`. */
  matchesFrom(text: string): boolean;
  /** Anywhere, as `re.search`. */
  found(text: string): boolean;
  /** Puts `replacement`, in Python's spelling (`\1`, `\g<name>`), in the place of each match. Throws PipelineError. */
  replacer(replacement: string): (text: string) => string;
}

/** Throws PipelineError, at the offset, for what the engine refuses. */
export function pipelineRegex(source: string, offset: number): PipelineRegex {
  const result = compileEngine(source, '');
  if ('problem' in result) throw new PipelineError(offset, `${quoted(source)}: ${result.problem}`);
  const { engine: compiled } = result;
  return {
    matchesFrom: (text) => compiled.matcher(text).lookingAt(),
    found: (text) => compiled.matcher(text).find(),
    replacer(replacement) {
      const pieces = piecesOf(replacement);
      const names = Object.keys(compiled.namedGroups());
      const alien = pieces.find(
        (piece) =>
          'group' in piece &&
          (typeof piece.group === 'number'
            ? piece.group > compiled.groupCount()
            : !names.includes(piece.group)),
      );
      if (alien !== undefined)
        throw new PipelineError(
          offset,
          `${JSON.stringify(replacement)} names a group that is not in ${source}`,
        );
      return (text) => compiled.matcher(text).replaceAll((...match: unknown[]) => filled(pieces, match));
    },
  };
}

/** A piece of a replacement: text, or the number or name of a group. */
type Piece = { readonly text: string } | { readonly group: number | string };

const PYTHON = /\\g<(\w+)>|\\(\d{1,2})|\\([\s\S])/g;
const CONTROL: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function piecesOf(replacement: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of replacement.matchAll(PYTHON)) {
    const [all, name, digits, escaped = ''] = match;
    pieces.push({ text: replacement.slice(from, match.index) });
    from = match.index + all.length;
    const group = name ?? digits;
    if (group === undefined) pieces.push({ text: CONTROL[escaped] ?? escaped });
    else pieces.push({ group: /^\d+$/.test(group) ? Number(group) : group });
  }
  return [...pieces, { text: replacement.slice(from) }];
}

/** The arguments are those of a function given to String.prototype.replace. */
function filled(pieces: readonly Piece[], match: readonly unknown[]): string {
  const named = match.at(-1) as Readonly<Record<string, unknown>> | undefined;
  const textOf = (piece: Piece): string => {
    if ('text' in piece) return piece.text;
    const group = typeof piece.group === 'number' ? match[piece.group] : named?.[piece.group];
    return typeof group === 'string' ? group : '';
  };
  return pieces.map(textOf).join('');
}
