import { describe, expect, test } from 'vitest';
import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import type { CompiledRule, RuleTransform } from '../../src/rules/compile.ts';
import { PipelineError } from '../../src/rules/pipelines/params.ts';
import { parsePipeline, TRANSFORMATION_TYPES } from '../../src/rules/pipelines/pipeline.ts';
import { transformBy } from '../../src/rules/pipelines/transform.ts';
import { compileText, matches, ruleText, selection } from '../support/rules.ts';

const FILES: Readonly<Record<string, string>> = {
  'names.txt': 'alpha\n\nbeta*\nGAMMA\n',
  'names.csv': 'id,name\n1,"alpha, first"\n2,beta\n',
  'bare.csv': 'alpha,1\nbeta,2\n',
};

/** One pipeline for each YAML text. */
function transformOf(...texts: readonly string[]): RuleTransform {
  const readText = (path: string): string => {
    const text = FILES[path];
    if (text === undefined) throw new Error('there is no such file');
    return text;
  };
  return transformBy(
    texts.map((text) => {
      const { documents, problems } = readRuleYaml(text);
      expect(problems).toEqual([]);
      return parsePipeline(documents[0]!, readText);
    }),
  );
}

/** A pipeline of these items, each a YAML mapping in flow or block form. */
const pipeline = (...items: readonly string[]): string =>
  `transformations:\n${items.map((item) => `  - ${item.trim().replace(/\n/g, '\n    ')}\n`).join('')}`;

const hits = (rule: string, fields: Record<string, unknown>, ...texts: readonly string[]): boolean =>
  matches(rule, fields, { transform: transformOf(...texts) });

/** Of the first document. */
function compiled(rule: string, ...texts: readonly string[]) {
  return compileText(rule, { transform: transformOf(...texts) }).documents[0]!;
}
const refusal = (rule: string, ...texts: readonly string[]): string | undefined => {
  const document = compiled(rule, ...texts);
  return document.kind === 'refused' ? document.reason : undefined;
};

interface Row {
  readonly what: string;
  readonly items: readonly string[];
  readonly rule: string;
  readonly hit: Record<string, unknown>;
  readonly miss: Record<string, unknown>;
  readonly vars?: string;
}

const ROWS: readonly Row[] = [
  {
    what: 'field_name_mapping',
    items: ['{type: field_name_mapping, mapping: {A: a.b}}'],
    rule: selection('A|contains: x'),
    hit: { 'a.b': 'axa' },
    miss: { A: 'axa' },
  },
  {
    what: 'field_name_mapping to several: one must hold, beside the rest of the selection',
    items: ['{type: field_name_mapping, mapping: {A: [b, c]}}'],
    rule: selection('A: x\nD: y'),
    hit: { c: 'x', D: 'y' },
    miss: { b: 'x' },
  },
  {
    what: 'field_name_mapping of fieldref',
    items: ['{type: field_name_mapping, mapping: {A: b, C: d}}'],
    rule: selection('A|fieldref: C'),
    hit: { b: 'x', d: 'x' },
    miss: { b: 'x', C: 'x' },
  },
  {
    what: 'field_name_mapping to nothing drops the item',
    items: ['{type: field_name_mapping, mapping: {A: []}}'],
    rule: selection('A: x\nB: y'),
    hit: { B: 'y' },
    miss: { A: 'x' },
  },
  {
    what: 'field_name_prefix_mapping',
    items: ['{type: field_name_prefix_mapping, mapping: {win.: [proc., image.]}}'],
    rule: selection('win.name: x'),
    hit: { 'image.name': 'x' },
    miss: { 'win.name': 'x' },
  },
  {
    what: 'field_name_prefix and field_name_suffix, within conditions on names',
    items: [
      '{type: field_name_prefix, prefix: "a.", field_name_conditions: [{type: include_fields, fields: [A]}]}',
      '{type: field_name_suffix, suffix: ".z", field_name_conditions: [{type: exclude_fields, fields: ["a.*"], mode: re}]}',
    ],
    rule: selection('A: x\nB: y'),
    hit: { 'a.A': 'x', 'B.z': 'y' },
    miss: { 'a.A': 'x', B: 'y' },
  },
  {
    what: 'field_name_transform',
    items: ['{type: field_name_transform, transform_func: snake_case, mapping: {Other: o}}'],
    rule: selection('DestinationIp: x\nOther: y'),
    hit: { destination_ip: 'x', o: 'y' },
    miss: { DestinationIp: 'x', o: 'y' },
  },
  {
    what: 'drop_detection_item, and what asks for the selection that is gone',
    items: ['{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [A, N]}]}'],
    rule: ruleText(
      'one:\n    A: x\n    B: y\ntwo:\n    A: z\nnever:\n    N: n\ncondition: one and two and not never',
    ),
    hit: { B: 'y', N: 'n' },
    miss: { A: 'x' },
  },
  {
    what: 'add_condition, also with modifiers and several values',
    items: ['{type: add_condition, conditions: {D|startswith: [p, q], E: 1}}'],
    rule: ruleText('sel:\n    A: x\ncondition: 1 of them'),
    hit: { A: 'x', D: 'quux', E: 1 },
    miss: { A: 'x', D: 'quux', E: 2 },
  },
  {
    what: 'add_condition, negated',
    items: ['{type: add_condition, conditions: {D: p}, negated: true, name: sane}'],
    rule: selection('A: x'),
    hit: { A: 'x', D: 'q' },
    miss: { A: 'x', D: 'p' },
  },
  {
    what: 'add_condition as a template',
    items: [`{type: add_condition, conditions: {D: "\${category}-$service"}, template: true}`],
    rule: selection('A: x'),
    hit: { A: 'x', D: 'test-$service' },
    miss: { A: 'x', D: 'x' },
  },
  {
    what: 'replace_string on what the field is compared with',
    items: ['{type: replace_string, regex: "^\\\\*\\\\\\\\(\\\\w+)$", replacement: "/bin/\\\\1"}'],
    rule: selection("A|endswith: '\\shell'"),
    hit: { A: '/bin/shell' },
    miss: { A: 'C:\\shell' },
  },
  {
    what: 'replace_string with named groups, groups that took no part, and a backslash kept',
    items: ['{type: replace_string, regex: "(?P<a>x)(y)?", replacement: "\\\\g<a>\\\\2-\\\\\\\\"}'],
    rule: selection('A: x'),
    hit: { A: 'x-\\' },
    miss: { A: 'x' },
  },
  {
    what: 'replace_string leaves placeholders to what fills them later',
    items: ['{type: replace_string, regex: "^a", replacement: "b"}', '{type: value_placeholders}'],
    vars: 'vars: {list: [one]}',
    rule: selection('A|expand: "a-%list%"'),
    hit: { A: 'b-one' },
    miss: { A: 'b-%list%' },
  },
  {
    what: 'replace_string with skip_special: wildcards stay, new ones are none',
    items: ['{type: replace_string, regex: "b", replacement: "?", skip_special: true}'],
    rule: selection('A: a*b'),
    hit: { A: 'a..?' },
    miss: { A: 'a..c' },
  },
  {
    what: 'replace_string with interpret_special',
    items: [
      '{type: replace_string, regex: "b", replacement: "?", skip_special: true, interpret_special: true}',
    ],
    rule: selection('A: a*b'),
    hit: { A: 'a..c' },
    miss: { A: 'b' },
  },
  {
    what: 'map_string, also to several',
    items: ['{type: map_string, mapping: {x: [y, "z*"]}}'],
    rule: selection('A: [x, w]'),
    hit: { A: 'zoo' },
    miss: { A: 'x' },
  },
  {
    what: 'set_value',
    items: [
      '{type: set_value, value: 7, detection_item_conditions: [{type: match_value, value: "*seven*", cond: any}]}',
    ],
    rule: selection('A|contains: seven\nB: z'),
    hit: { A: '7', B: 'z' },
    miss: { A: 'seven', B: 'z' },
  },
  {
    what: 'set_value with force_type',
    items: ['{type: set_value, value: 7, force_type: str}'],
    rule: selection('A|re: .*'),
    hit: { A: '7' },
    miss: { A: '8' },
  },
  {
    what: 'convert_type to numbers and back',
    items: ['{type: convert_type, target_type: num}', '{type: convert_type, target_type: str}'],
    rule: selection("A: '08'"),
    hit: { A: '8' },
    miss: { A: '08' },
  },
  {
    what: 'case, also under cased; names of placeholders stay',
    items: ['{type: case, method: upper}', '{type: value_placeholders}'],
    vars: 'vars: {list: [one]}',
    rule: selection('A|cased|expand: [abc, "%list%"]'),
    hit: { A: 'ABC' },
    miss: { A: 'abc' },
  },
  {
    what: 'value_placeholders by variables, wildcard_placeholders for the rest',
    items: ['{type: value_placeholders, exclude: [b]}', '{type: wildcard_placeholders, include: [b]}'],
    vars: 'vars: {a: [one, "t%wo%"], b: three}',
    rule: selection("A|expand: '%a%-%b%-\\%'"),
    hit: { A: 't%wo%-anything-%' },
    miss: { A: 'three-x-%' },
  },
  {
    what: 'value_placeholders in an expression',
    items: ['{type: value_placeholders}'],
    vars: 'vars: {a: ["o.e*"]}',
    rule: selection('A|re|expand: "^%a%$"'),
    hit: { A: 'o.e and more' },
    miss: { A: 'one' },
  },
  {
    what: 'file_placeholders from lines, filtered',
    items: ['{type: file_placeholders, path: names.txt, filter: "^[a-z]"}'],
    rule: selection('A|expand: "%any%"'),
    hit: { A: 'betamax' },
    miss: { A: 'gamma' },
  },
  {
    what: 'file_placeholders from a named column',
    items: ['{type: file_placeholders, path: names.csv, format: csv, csv_column: name}'],
    rule: selection('A|expand: "%any%"'),
    hit: { A: 'alpha, first' },
    miss: { A: 'name' },
  },
  {
    what: 'file_placeholders from a column by its number, without a header',
    items: ['{type: file_placeholders, path: bare.csv, format: csv, csv_column: 0, csv_has_header: false}'],
    rule: selection('A|expand: "%any%"'),
    hit: { A: 'alpha' },
    miss: { A: '1' },
  },
  {
    what: 'hashes_fields',
    items: [
      `{type: hashes_fields, valid_hash_algos: [MD5, SHA1], field_prefix: File,
        field_name_conditions: [{type: include_fields, fields: [Hashes]}]}`,
    ],
    rule: selection(`Hashes|contains: ['SHA1=${'1'.repeat(40)}', '${'2'.repeat(32)}', 'IMPHASH=3']\nB: y`),
    hit: { FileMD5: '2'.repeat(32), B: 'y' },
    miss: { FileSHA1: '2'.repeat(32), B: 'y' },
  },
  {
    what: 'set_state, and a condition on it',
    items: [
      '{type: set_state, key: seen, val: 2, rule_conditions: [{type: contains_field, field: A}]}',
      '{type: field_name_suffix, suffix: 2, rule_conditions: [{type: processing_state, key: seen, val: 1, op: gt}]}',
      '{type: field_name_suffix, suffix: 3, rule_conditions: [{type: processing_state, key: other, val: 1}]}',
    ],
    rule: selection('A: x'),
    hit: { A2: 'x' },
    miss: { A: 'x' },
  },
  {
    what: 'nest: the outer conditions hold for all within',
    items: [
      `{type: nest, rule_conditions: [{type: tag, tag: attack.t1}], items: [{type: field_name_suffix, suffix: 2}]}`,
      `{type: nest, id: n, items: [{id: in, type: field_name_prefix, prefix: p}]}`,
      '{type: field_name_suffix, suffix: 4, rule_conditions: [{type: processing_item_applied, processing_item_id: in}]}',
    ],
    rule: selection('A: x'),
    hit: { pA4: 'x' },
    miss: { pA24: 'x' },
  },
  {
    what: 'conditions on items: what an earlier item of the pipeline did',
    items: [
      '{id: one, type: field_name_mapping, mapping: {A: B}}',
      '{type: replace_string, regex: x, replacement: y, detection_item_conditions: [{type: processing_item_applied, processing_item_id: one}]}',
      '{type: field_name_suffix, suffix: 5, field_name_conditions: [{type: processing_item_applied, processing_item_id: one}]}',
    ],
    rule: selection('A: x\nC: x'),
    hit: { B5: 'y', C: 'x' },
    miss: { B5: 'x', C: 'x' },
  },
  {
    what: 'conditions on values: text, wildcards, null; any or all',
    items: [
      '{type: field_name_suffix, suffix: 1, detection_item_conditions: [{type: match_string, pattern: "a.c", cond: all}]}',
      '{type: field_name_suffix, suffix: 2, detection_item_conditions: [{type: contains_wildcard, cond: any}]}',
      '{type: field_name_suffix, suffix: 3, detection_item_conditions: [{type: is_null, cond: any}]}',
      '{type: field_name_suffix, suffix: 4, detection_item_conditions: [{type: match_string, pattern: q, cond: any, negate: true}, {type: match_value, value: 9, cond: any}]}',
    ],
    rule: selection('A: [abc, a_cd]\nB|contains: x\nC: null\nD: 9\nE: q'),
    hit: { A1: 'abc', B2: 'axb', D4: 9, E: 'q' },
    miss: { A: 'abc', B2: 'axb', D4: 9, E: 'q' },
  },
  {
    what: 'conditions joined by or, negated, and by an expression',
    items: [
      `{type: field_name_suffix, suffix: 1, rule_cond_op: or, rule_conditions: [
        {type: contains_field, field: Z}, {type: contains_detection_item, field: A, value: x}]}`,
      '{type: field_name_suffix, suffix: 2, rule_cond_not: true, rule_conditions: [{type: contains_field, field: A}]}',
      `{type: field_name_suffix, suffix: 3, rule_cond_expr: "not (z or a) and rule",
        rule_conditions: {z: {type: contains_field, field: Z}, a: {type: contains_field, field: A}, rule: {type: is_sigma_rule}}}`,
    ],
    rule: selection('A: x'),
    hit: { A123: 'x' },
    miss: { A12: 'x' },
  },
  {
    what: 'conditions on attributes: levels by rank, lists by membership, custom ones',
    items: [
      '{type: field_name_suffix, suffix: 1, rule_conditions: [{type: rule_attribute, attribute: level, value: medium, op: gte}]}',
      '{type: field_name_suffix, suffix: 2, rule_conditions: [{type: rule_attribute, attribute: tags, value: attack.t1, op: in}]}',
      '{type: field_name_suffix, suffix: 3, rule_conditions: [{type: rule_attribute, attribute: team, value: blue}]}',
      '{type: field_name_suffix, suffix: 4, rule_conditions: [{type: rule_attribute, attribute: status, value: test, op: lt}]}',
      '{type: field_name_suffix, suffix: 5, rule_conditions: [{type: rule_attribute, attribute: nothing, value: 1, op: ne}]}',
    ],
    rule: ruleText(
      'sel:\n    A: x\ncondition: sel',
      'level: high\nstatus: stable\ntags: [attack.t1]\nteam: blue\n',
    ),
    hit: { A123: 'x' },
    miss: { A1234: 'x' },
  },
];

test.each(ROWS)('$what', ({ items, rule, hit, miss, vars = '' }) => {
  const text = `${pipeline(...items)}${vars}\n`;
  expect(hits(rule, hit, text)).toBe(true);
  expect(hits(rule, miss, text)).toBe(false);
});

test('every type of transformation has its row, or a test of its own below', () => {
  const tried = ROWS.flatMap(({ items }) =>
    items.flatMap((item) => [...item.matchAll(/type: (\w+)/g)].map(([, t]) => t)),
  );
  const below = [
    'change_logsource',
    'add_field',
    'remove_field',
    'set_field',
    'set_custom_attribute',
    'rule_failure',
    'detection_item_failure',
    'strict_field_mapping_failure',
  ];
  expect(TRANSFORMATION_TYPES.filter((type) => !tried.includes(type)).toSorted()).toEqual(below.toSorted());
});

test('change_logsource routes the rule elsewhere; conditions see the new one', () => {
  const text = pipeline(
    '{type: change_logsource, category: dns, product: Zeek, rule_conditions: [{type: logsource, category: test}]}',
    '{type: set_custom_attribute, attribute: via, value: [zeek], rule_conditions: [{type: logsource, product: zeek}]}',
    '{type: set_custom_attribute, attribute: old, value: 1, rule_conditions: [{type: logsource, category: test}]}',
  );
  const { logsource, meta } = compiled(selection('A: x'), text) as CompiledRule;
  expect(logsource).toEqual({ category: 'dns', product: 'zeek' });
  expect(meta.custom).toEqual({ via: ['zeek'] });
});

test('add_field, remove_field, set_field; mapping also renames the list of fields', () => {
  const rule = ruleText('sel:\n    A: x\ncondition: sel', 'fields: [A, B]\n');
  const fields = (...items: string[]) => compiled(rule, pipeline(...items)).meta.fields;
  expect(fields('{type: add_field, field: [C, D]}', '{type: remove_field, field: A}')).toEqual([
    'B',
    'C',
    'D',
  ]);
  expect(fields('{type: set_field, fields: [Z]}')).toEqual(['Z']);
  expect(fields('{type: field_name_mapping, mapping: {A: [a1, a2]}}')).toEqual(['a1', 'a2', 'B']);
});

test.each([
  ['{type: rule_failure, message: not for us}', 'not for us'],
  [
    '{type: detection_item_failure, message: no A, field_name_conditions: [{type: include_fields, fields: [A]}]}',
    'no A',
  ],
  ['{type: strict_field_mapping_failure}', 'no pipeline maps the field "A"'],
  ['{type: drop_detection_item}', 'pipelines drop all that the condition asks for'],
  ['{type: hashes_fields, valid_hash_algos: [MD5]}', 'no value is a hash of MD5'],
])('%s refuses a rule, with the reason', (item, reason) => {
  expect(refusal(selection('A: x'), pipeline(item))).toBe(reason);
});

test('strict_field_mapping_failure lets pass what is mapped, and keywords', () => {
  const text = pipeline(
    '{type: field_name_mapping, mapping: {A: B}}',
    '{type: strict_field_mapping_failure}',
  );
  expect(hits(selection('A: x'), { B: 'x' }, text)).toBe(true);
  expect(refusal(selection('A: x\nC: y'), text)).toBe('no pipeline maps the field "C"');
});

test('detection_item_failure leaves alone rules that lack the item', () => {
  const item =
    '{type: detection_item_failure, message: no, detection_item_conditions: [{type: match_string, pattern: x, cond: any}]}';
  expect(refusal(selection('A: y'), pipeline(item))).toBeUndefined();
});

test('pipelines come by priority, then as they are named; variables and state are common', () => {
  const first = `priority: 10\nvars: {v: [one]}\n${pipeline('{type: field_name_suffix, suffix: 1}', '{type: set_state, key: k, val: x}')}`;
  const second = `priority: 5\n${pipeline('{type: field_name_suffix, suffix: 2}')}`;
  const third = `priority: 10\n${pipeline(
    '{type: value_placeholders}',
    '{type: field_name_suffix, suffix: 3, rule_conditions: [{type: processing_state, key: k, val: x}]}',
  )}`;
  expect(hits(selection('A|expand: "%v%"'), { A213: 'one' }, first, second, third)).toBe(true);
});

describe('correlations and filters', () => {
  const BASE = `${ruleText('sel:\n    A: x\ncondition: sel', 'name: base\n')}---\n`;
  const correlation = (more: string) =>
    `title: C\ncorrelation:\n    type: value_count\n    rules: [base]\n    timespan: 1m\n${more}`;
  const MORE = '    group-by: [A, B, al]\n    aliases: {al: {base: A}}\n    condition: {gte: 2, field: A}\n';

  test('fields of a correlation are renamed as those of its rules; conditions see their log source', () => {
    const item =
      '{type: field_name_mapping, mapping: {A: a, B: [b1, b2]}, rule_conditions: [{type: logsource, category: test}]}';
    const { documents } = compileText(`${correlation(MORE)}---\n${BASE}`, {
      transform: transformOf(pipeline(item)),
    });
    const [first] = documents;
    expect(first?.kind === 'correlation' ? first.document.correlation : first).toMatchObject({
      groupBy: ['a', 'b1', 'b2', 'al'],
      fields: ['a'],
      aliases: new Map([['al', new Map([['base', 'a']])]]),
    });
  });

  test('an alias or a condition cannot have two fields', () => {
    const text = pipeline('{type: field_name_mapping, mapping: {A: [a, b]}}');
    const { documents } = compileText(`${BASE}${correlation(MORE)}`, { transform: transformOf(text) });
    expect(documents.map(({ kind }) => kind)).toEqual(['rule', 'refused']);
    expect(documents[1]).toMatchObject({
      reason: 'a pipeline gives the field "A" of the alias "al" more than one name',
    });
  });

  test('is_sigma_correlation_rule, and what says nothing to a correlation', () => {
    const text = pipeline(
      '{type: set_custom_attribute, attribute: kind, value: c, rule_conditions: [{type: is_sigma_correlation_rule}]}',
      '{type: add_condition, conditions: {Z: 1}}',
      '{type: change_logsource, category: dns}',
    );
    const { documents } = compileText(`${BASE}${correlation(MORE)}`, { transform: transformOf(text) });
    expect(documents.map(({ meta, kind }) => [kind, meta.custom])).toEqual([
      ['rule', {}],
      ['correlation', { kind: 'c' }],
    ]);
  });

  test('a filter is changed as the rules are that it is meant for', () => {
    const filter =
      'title: F\nlogsource: {category: test}\nfilter:\n    rules: any\n    out: {A: xyz, B: y}\n    condition: not out\n';
    const text = pipeline('{type: field_name_mapping, mapping: {A: a, B: b}}');
    const both = `${ruleText('sel:\n    A|startswith: x\ncondition: sel')}---\n${filter}`;
    expect(hits(both, { a: 'xyz', b: 'z' }, text)).toBe(true);
    expect(hits(both, { a: 'xyz', b: 'y' }, text)).toBe(false);
  });
});

test.each([
  ['[]', 'a pipeline must be a mapping'],
  ['transformations: 1', 'transformations must be a list'],
  ['transformations: [1]', 'a transformation must be a mapping'],
  ['priority: high', '"priority" must be a number'],
  ['name: x\ntransformation: []', 'a pipeline knows no "transformation"; did you mean "transformations"?'],
  ['allowed_backends: [splunk]', 'this pipeline is for splunk alone; add telegen if it fits'],
  ['finalizers: [{type: concat}]', '"finalizers" is about queries, which telegen does not write'],
  [
    pipeline('{type: field_mapping}'),
    /^no transformation is called "field_mapping"; there are field_name_mapping, /,
  ],
  [
    pipeline('{type: command_placeholders, cmd: id}'),
    /"command_placeholders" cannot be used: rules never run programs/,
  ],
  [pipeline('{type: http_placeholders, url: x}'), /rules never ask servers/],
  [pipeline('{type: regex}'), /cannot be used/],
  [pipeline('{type: field_name_mapping}'), 'a transformation needs "mapping"'],
  [
    pipeline('{type: field_name_mapping, mapping: {a: {b: c}}}'),
    '"a" must be mapped to text, or a list of texts',
  ],
  [
    pipeline('{type: field_name_mapping, mapping: {a: b}, maping: {}}'),
    /knows no "maping"; did you mean "mapping"/,
  ],
  [pipeline('{type: replace_string, regex: "(", replacement: x}'), /missing/],
  [pipeline('{type: replace_string, regex: "x", replacement: "\\\\1"}'), /names a group that is not in x/],
  [pipeline('{type: replace_string, regex: "(?=x)", replacement: ""}'), /\(\?=x\)/],
  [pipeline('{type: set_value, value: x, force_type: num}'), '"x" is no number'],
  [pipeline('{type: case, method: title}'), '"method" must be one of lower, upper, snake_case'],
  [pipeline('{type: file_placeholders, path: none}'), 'none: there is no such file'],
  [
    pipeline('{type: file_placeholders, path: names.csv, format: csv, csv_column: nam}'),
    /has no column "nam"/,
  ],
  [
    pipeline('{type: file_placeholders, path: names.txt, format: json}'),
    '"format" must be one of plaintext, csv',
  ],
  [pipeline('{type: value_placeholders, include: [a], exclude: [b]}'), /cannot stand together/],
  [pipeline('{type: add_condition, conditions: {}}'), /matches nothing/],
  [pipeline('{type: add_condition, conditions: {a: b}, name: "a b"}'), /"name" must consist of/],
  [pipeline('{type: set_field, fields: [a], rule_conditions: [{type: logsource}]}'), /needs category/],
  [
    pipeline('{type: set_field, fields: [a], rule_conditions: [{type: none}]}'),
    /"type" must be one of logsource, /,
  ],
  [
    pipeline('{type: set_field, fields: [a], rule_cond_op: xor, rule_conditions: []}'),
    /"rule_cond_op" must be one of/,
  ],
  [
    pipeline(
      '{type: set_field, fields: [a], rule_cond_expr: "x and", rule_conditions: {x: {type: is_sigma_rule}}}',
    ),
    /end/,
  ],
  [
    pipeline(
      '{type: set_field, fields: [a], rule_cond_expr: x, rule_conditions: {x: {type: is_sigma_rule}, y: {type: is_sigma_rule}}}',
    ),
    '"rule_cond_expr" never uses the condition "y"',
  ],
])('%s is refused', (text, message) => {
  const parse = () => transformOf(text);
  expect(parse).toThrow(PipelineError);
  expect(parse).toThrow(message);
});

test('an error names its place', () => {
  const text = 'name: x\ntransformations:\n  - type: case\n    method: odd\n';
  const { documents, placeOf } = readRuleYaml(text);
  try {
    parsePipeline(documents[0]!, () => '');
    expect.unreachable();
  } catch (error) {
    expect(placeOf((error as PipelineError).offset)).toEqual({ line: 4, column: 13 });
  }
});
