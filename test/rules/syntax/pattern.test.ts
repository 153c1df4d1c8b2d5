import { describe, expect, test } from 'vitest';
import { DASH, ONE, type Part, parsePattern, STAR, withDashes } from '../../../src/rules/syntax/pattern.ts';

const parsed: readonly (readonly [string, readonly Part[]])[] = [
  ['a\\b', ['a\\b']],
  ['a\\\\b', ['a\\b']],
  ['\\*', ['*']],
  ['\\?', ['?']],
  ['\\\\*', ['\\', STAR]],
  ['\\\\\\*', ['\\*']],
  ['\\\\srv', ['\\srv']],
  ['a\\\\\\\\b', ['a\\\\b']],
  ['a\\\\\\b', ['a\\\\b']],
  ['\\Desktop\\', ['\\Desktop\\']],
  ['%x%', ['%x%']],
  ['**', [STAR]],
  ['a?*b', ['a', ONE, STAR, 'b']],
  ['[a]{b}.', ['[a]{b}.']],
  ['', []],
];

describe('parsePattern', () => {
  test.each(parsed)('%j', (text, parts) => expect(parsePattern(text)).toEqual(parts));
});

describe('withDashes', () => {
  test.each<[string, readonly Part[]]>([
    [' -f ', [' ', DASH, 'f ']],
    ['/x', [DASH, 'x']],
    ['-a /b', [DASH, 'a ', DASH, 'b']],
    ['a-b', ['a-b']],
    ['é-b', ['é-b']],
    ['C:/dir/file', ['C:', DASH, 'dir/file']],
    ['- ', ['- ']],
    ['-*foo', ['-', STAR, 'foo']],
    ['-?', ['-', ONE]],
  ])('%j', (text, parts) => expect(withDashes(parsePattern(text))).toEqual(parts));
});
