import type { Atom, Expression } from './syntax/expression.ts';

/**
 * Whether a rule for Windows can hold elsewhere: tests for Windows' own paths and programs count as false, and the
 * rest must still be able to hold. In a `not` they do no harm.
 */
export function isPortable(expression: Expression): boolean {
  return possible(expression).canHold;
}

function possible(expression: Expression): { readonly canHold: boolean; readonly canFail: boolean } {
  switch (expression.kind) {
    case 'test':
      return { canHold: !expression.atoms.every(isWindowsOnly), canFail: true };
    case 'named':
      return possible(expression.of);
    case 'not': {
      const { canHold, canFail } = possible(expression.of);
      return { canHold: canFail, canFail: canHold };
    }
    default: {
      const parts = expression.of.map(possible);
      const isAnd = expression.kind === 'and';
      return {
        canHold: isAnd ? parts.every((part) => part.canHold) : parts.some((part) => part.canHold),
        canFail: isAnd ? parts.some((part) => part.canFail) : parts.every((part) => part.canFail),
      };
    }
  }
}

const WINDOWS = /\\|\.exe$|\.dll$|\.scr$|\.com$|^[a-z]:/i;
const PATH_ONLY = /\\|\.exe/i;

function isWindowsOnly(atom: Atom): boolean {
  if (atom.kind === 'regex')
    return PATH_ONLY.test(atom.regex.source.replace(/\\[.\\/dwsb*+?()[\]{}|^$-]/g, ''));
  if (atom.kind !== 'text') return false;
  const text = atom.pattern.filter((part) => typeof part === 'string').join('');
  return WINDOWS.test(text) && !/^[a-z0-9.-]+\.com$/i.test(text);
}
