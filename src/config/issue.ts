import type { KeyPath } from './schema-tree.ts';

/** Something wrong at a key, not yet tied to a place in a file. `part`: which half of `key: value` is wrong. */
export interface Issue {
  readonly path: KeyPath;
  readonly part: 'key' | 'value';
  readonly message: string;
}

/** Something wrong at a place in a file. Line and column count from 1; both are 0 when the whole file is meant. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted key; empty when no key is concerned. */
  readonly key: string;
  readonly message: string;
}

/** `file:line:col: key: message`, on one line. */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  return printable(
    problem.key === '' ? `${place}: ${problem.message}` : `${place}: ${problem.key}: ${problem.message}`,
  );
}

/** Text from a file may hold anything: no control character reaches a terminal or breaks the one-line form. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
