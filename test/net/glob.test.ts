import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGlob } from '../../src/net/glob.ts';

test.each([
  ['/usr/bin/curl', '/usr/bin/curl', true],
  ['/usr/bin/curl', '/usr/bin/curlx', false],
  ['/usr/bin/*', '/usr/bin/curl', true],
  ['/usr/bin/*', '/usr/bin/', true],
  ['/usr/bin/*', '/usr/local/bin/curl', false],
  ['*/curl', '/opt/a/b/curl', true],
  ['/opt/*/bin/*', '/opt/x/y/bin/z', true],
  ['/opt/*/bin/*', '/opt/bin/z', false],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*a', 'aba', true],
  ['a*ab*b', 'ab', false],
  ['**', 'x', true],
  ['/a.c', '/abc', false],
  ['/a?[x]', '/a?[x]', true],
])('%j on %j is %s', (pattern, text, expected) => {
  expect(compileGlob(pattern)(text)).toBe(expected);
});

test('agrees with a regular expression', () => {
  const unit = fc.constantFrom('a', 'b', '*');
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 8 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
      (pattern, text) => {
        const oracle = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(compileGlob(pattern)(text)).toBe(oracle.test(text));
      },
    ),
    { numRuns: 3000 },
  );
});
