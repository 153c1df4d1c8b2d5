import { describe, expect, test } from 'vitest';
import { RULE_CODES } from '../../../src/rules/syntax/problem.ts';
import { problemsOf, ruleText, selection } from '../../support/rules.ts';

const HEAD = 'title: T\nlogsource:\n    category: test\n';

/** Text of a file against all its problems, `code@line:column`. */
const ROWS: readonly (readonly [string, string, readonly string[]])[] = [
  ['sound', selection('f: a'), []],
  ['no YAML', 'title: [', ['yaml-syntax@1:9']],
  ['key twice', `${HEAD}title: U\n`, ['yaml-duplicate-key@4:1', 'document-key@1:1']],
  ['a list', '- a', ['document-kind@1:1']],
  ['no title', 'logsource:\n  category: a\ndetection:\n  s:\n    a: 1\n  condition: s', ['document-key@1:1']],
  ['no logsource', 'title: T\ndetection:\n  s:\n    a: 1\n  condition: s', ['document-key@1:1']],
  [
    'empty logsource',
    'title: T\nlogsource:\n  x: y\ndetection:\n  s:\n    a: 1\n  condition: s',
    ['document-key@3:3'],
  ],
  ['no detection', HEAD, ['document-key@1:1']],
  ['no condition', `${HEAD}detection:\n  s:\n    a: 1\n`, ['document-key@5:3']],
  ['condition alone', `${HEAD}detection:\n  condition: s\n`, ['detection-empty@5:3']],
  ['empty map', ruleText('s: {}\ncondition: s'), ['detection-empty@5:8']],
  ['empty list', ruleText('s: []\ncondition: s'), ['detection-empty@5:8']],
  ['null keyword', ruleText('s:\n    - null\ncondition: s'), ['detection-value@6:11']],
  ['map as value', ruleText('s:\n    a:\n        b: 1\ncondition: s'), ['detection-value@7:13']],
  ['null for contains', selection('f|contains: null'), ['detection-value@6:21']],
  ['unknown action', `action: shuffle\n${selection('f: a')}`, ['action-unknown@1:1']],
  [
    'id twice',
    `${selection('f: a').replace('title', 'id: x\ntitle')}---\nid: x\n${selection('f: b')}`,
    ['metadata@1:5', 'metadata@10:5', 'duplicate-id@10:1'],
  ],
  [
    'bad metadata',
    `id: no\ndate: yesterday\nlevel: fatal\nstatus: new\ntags:\n    - nothing\n${selection('f: a')}`,
    ['metadata@1:5', 'metadata@2:7', 'metadata@6:5', 'metadata@4:9', 'metadata@3:8'],
  ],
  // Modifiers
  ['unknown modifier', selection('f|contain: a'), ['modifier-unknown@6:9']],
  ['two anchors', selection('f|contains|endswith: a'), ['modifier-order@6:9']],
  ['re not first', selection('f|contains|re: a'), ['modifier-order@6:9']],
  ['flag without re', selection('f|i: a'), ['modifier-order@6:9']],
  ['re with encoder', selection('f|re|base64: a'), ['modifier-order@6:9']],
  ['cidr with contains', selection('f|cidr|contains: 10.0.0.0/8'), ['modifier-order@6:9']],
  ['compare with encoder', selection('f|gt|base64: 1'), ['modifier-order@6:9']],
  ['exists with another', selection('f|exists|neq: true'), ['modifier-order@6:9']],
  ['time with encoder', selection('f|hour|wide: 1'), ['modifier-order@6:9']],
  ['two UTF-16 encoders', selection('f|wide|utf16be|base64: a'), ['modifier-order@6:9']],
  ['two base64', selection('f|base64|base64offset: a'), ['modifier-order@6:9']],
  ['wide behind base64', selection('f|base64|wide: a'), ['modifier-order@6:9']],
  ['exists as keyword', selection("'|exists': true"), ['modifier-order@6:9']],
  ['exists with text', selection("f|exists: 'yes'"), ['modifier-value@6:19']],
  ['gt with text', selection('f|gt: many'), ['modifier-value@6:15']],
  ['fieldref with wildcard', selection("f|fieldref: 'a*'"), ['modifier-value@6:21']],
  ['base64 with wildcard', selection("f|base64: 'a*'"), ['modifier-value@6:19']],
  ['host bits', selection('f|cidr: 10.0.0.1/8'), ['cidr-invalid@6:17']],
  ['no network', selection('f|cidr: localhost'), ['cidr-invalid@6:17']],
  ['look-ahead', selection("f|re: 'a(?=b)'"), ['regex-invalid@6:15']],
  ['back-reference', selection("f|re: '(a)\\1'"), ['regex-invalid@6:15']],
  ['unclosed group', selection("f|re: '(a'"), ['regex-invalid@6:15']],
  ['no such list', selection("f|expand: '%nobody%'"), ['placeholder-unresolved@6:19']],
  // Conditions
  ['undefined name', ruleText('s:\n    a: 1\ncondition: t'), ['condition-undefined@7:16']],
  ['selector of nothing', ruleText('s:\n    a: 1\ncondition: s and 1 of t*'), ['condition-undefined@7:16']],
  ['two of', ruleText('s:\n    a: 1\ncondition: 2 of s*'), ['condition-syntax@7:16']],
  ['aggregation', ruleText('s:\n    a: 1\ncondition: s | count() > 5'), ['condition-aggregation@7:16']],
  ['unbalanced', ruleText('s:\n    a: 1\ncondition: (s'), ['condition-syntax@7:16']],
  ['nothing behind and', ruleText('s:\n    a: 1\ncondition: s and'), ['condition-syntax@7:16']],
  ['strange character', ruleText('s:\n    a: 1\ncondition: s & s'), ['condition-syntax@7:16']],
  ['two names', ruleText('s:\n    a: 1\ncondition: s s'), ['condition-syntax@7:16']],
  // Lint
  ['upper case', ruleText('s:\n    a: 1\ncondition: s AND NOT s'), ['condition-case@7:16']],
  ['unused detection', ruleText('s:\n    a: 1\nt:\n    a: 2\ncondition: s'), ['lint-unused-selection@9:16']],
  ['null in a list', selection('f: [a, null]'), ['lint-null-in-list@6:9']],
  ['all with one value', selection('f|contains|all: a'), ['lint-single-all@6:9']],
  ['base64offset alone', selection('f|base64offset: a'), ['lint-base64offset@6:9']],
  ['wide alone', selection('f|wide: a'), ['lint-encoding@6:9']],
  ['number for contains', selection('f|contains: 4'), ['lint-number-as-text@6:21']],
  ['text for gt', selection("f|gt: '4'"), ['lint-number-as-text@6:15']],
  ['not in a name', ruleText('notepad:\n    a: 1\ncondition: notepad'), ['lint-identifier@6:9']],
];

describe('problems of rule files', () => {
  test.each(ROWS)('%s', (_, text, expected) => expect(problemsOf(text)).toEqual(expected));

  test('every code has a meaning', () => {
    for (const meaning of Object.values(RULE_CODES)) expect(meaning).toMatch(/\.$|;/);
  });

  test('one bad document does not stop the others', () => {
    expect(problemsOf(`${selection('f|nothing: a')}---\n${selection('f: a')}`)).toEqual([
      'modifier-unknown@6:9',
    ]);
  });

  test('a byte order mark and CRLF do no harm', () => {
    expect(problemsOf(`\uFEFF${selection('f: a').replaceAll('\n', '\r\n')}`)).toEqual([]);
  });
});
