import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES, readRuleFiles } from '../../src/rule-files/read-files.ts';
import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import { matches, problemsOf, ruleText, selection } from '../support/rules.ts';

const many = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n');

describe('hostile rule files', () => {
  test('an alias bomb is refused', () => {
    const levels = many(30, (n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]`);
    expect(problemsOf(`a0: &a0 [x, x]\n${levels}\ntitle: T`)).toContain(
      'yaml-limit@14:1'.replace('14:1', problemPlace(`a0: &a0 [x, x]\n${levels}\n`)),
    );
  });

  test('more than 100 aliases are refused', () => {
    const text = `a: &a 1\n${many(101, (n) => `b${n}: *a`)}\n`;
    expect(readRuleYaml(text).problems.map(({ code }) => code)).toEqual(['yaml-limit']);
  });

  test('an alias of nothing is named', () => {
    expect(problemsOf(selection('f: *nothing'))[0]).toMatch(/^yaml-syntax@6/);
  });

  test.each([
    ['lists', '['.repeat(20_000)],
    ['mappings', many(2_000, (n) => `${' '.repeat(n)}a:`)],
    ['sound lists', `a: ${'['.repeat(500)}1${']'.repeat(500)}`],
  ])('deep nesting of %s is refused', (_, text) => {
    const { problems } = readRuleYaml(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThan(5);
  });

  test('a condition nested deeply is refused', () => {
    const text = ruleText(`s:\n    a: 1\ncondition: ${'('.repeat(5_000)}s${')'.repeat(5_000)}`);
    expect(problemsOf(text)).toEqual(['condition-syntax@7:16']);
  });

  test('a condition of thousands of terms is evaluated', () => {
    const text = ruleText(`s:\n    a: 1\ncondition: ${'s or '.repeat(5_000)}s`);
    expect(matches(text, { a: 1 })).toBe(true);
  });

  test('a file beyond the limit is refused unread, and the others load', () => {
    const folder = mkdtempSync(join(tmpdir(), 'telegen-rules-'));
    try {
      writeFileSync(join(folder, 'big.yml'), 'a'.repeat(10 << 20));
      writeFileSync(join(folder, 'limit.yml'), `# ${'x'.repeat(MAX_FILE_BYTES - 2)}`);
      writeFileSync(join(folder, 'good.yml'), selection('f: a'));
      const { files } = readRuleFiles([folder]);
      expect(
        files.map(({ documents, problems }) => [documents.length, problems.map(({ code }) => code)]),
      ).toEqual([
        [0, ['file-size']],
        [1, []],
        [0, []],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a list of 100,000 values is one predicate', () => {
    const text = selection(`f|contains:\n${many(100_000, (n) => `    - 'needle-${n}-end'`)}`);
    expect(matches(text, { f: 'x needle-99999-end y' })).toBe(true);
    expect(matches(text, { f: 'x needle-100000-end y' })).toBe(false);
  });

  test('100,000 networks are intervals', () => {
    const text = selection(
      `f|cidr:\n${many(100_000, (n) => `    - 10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`)}`,
    );
    expect(matches(text, { f: '10.1.134.159' })).toBe(true);
    expect(matches(text, { f: '10.1.134.160' })).toBe(false);
  });

  test('values beyond the limits are refused', () => {
    expect(problemsOf(selection(`f: '${'x'.repeat(70_000)}'`))).toEqual(['value-limit@6:12']);
    expect(problemsOf(selection(`f|re: '${'x'.repeat(9_000)}'`))).toEqual(['regex-invalid@6:15']);
    expect(problemsOf(selection("f|re: '((a{100}){100}){100}'"))).toEqual(['regex-invalid@6:15']);
    const placeholders = new Map([['x', Array.from({ length: 200 }, (_, n) => String(n))]]);
    expect(problemsOf(selection("f|expand: '%x%%x%'"), { placeholders })).toEqual(['value-limit@6:19']);
  });
});

describe('hostile values', () => {
  const long = 'a'.repeat(60_000);

  test.each([
    ['(a+)+$', `${long}b`, false],
    ['(a|aa)+$', `${long}b`, false],
    ['(.*)(.*)(.*)(.*)x$', long, false],
    ['^(a+)+$', long, true],
  ])('the expression %s takes linear time', (source, text, expected) => {
    expect(matches(selection(`f|re: '${source}'`), { f: text })).toBe(expected);
  });

  test.each([
    [`'${'*a'.repeat(500)}*b'`, long, false],
    [`'*${'a?'.repeat(500)}*b'`, long, false],
    [`'${'*'.repeat(5_000)}b'`, `${long}b`, true],
  ])('wildcards never go back', (pattern, text, expected) => {
    expect(matches(selection(`f: ${pattern}`), { f: text })).toBe(expected);
  });

  test('nested patterns that all end at every place', () => {
    const text = selection(`f|contains:\n${many(500, (n) => `    - '${'a'.repeat(n + 1)}'`)}`);
    expect(matches(text, { f: long })).toBe(true);
  });

  test.each<[string, unknown]>([
    ['a text beyond 64 KiB', 'x'.repeat(10 << 20)],
    ['a long list', Array.from({ length: 1_000_000 }, () => 'x')],
    ['deep lists', JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    ['lone surrogates', '\uD800\uDC00\uDC00\uD800'],
    ['names of prototypes', { __proto__: { f: 1 }, constructor: 'x' }],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
  ])('%s is looked at within bounds', (_, value) => {
    expect(matches(selection("f|contains: 'needle'"), { f: value, other: value })).toBe(false);
    expect(matches(ruleText('kw:\n    - needle\ncondition: kw'), { f: value })).toBe(false);
  });

  test('fields are not looked for in prototypes', () => {
    expect(matches(selection("constructor: '*'"), {})).toBe(false);
    expect(matches(selection("f.constructor.name: '*'"), { f: {} })).toBe(false);
  });
});

function problemPlace(text: string): string {
  const [problem] = readRuleYaml(text).problems;
  const { line, column } = readRuleYaml(text).placeOf(problem?.offset ?? 0);
  return `${line}:${column}`;
}
