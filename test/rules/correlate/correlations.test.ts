import { deserialize, serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { createGenericEngine } from '../../../src/rules/generic-engine.ts';
import { compileText, problemsOf } from '../../support/rules.ts';

/** Base rules a, b, c, d: events of these kinds. */
const BASE = ['a', 'b', 'c', 'd']
  .map(
    (kind) =>
      `title: Base ${kind}\nname: ${kind}\nlogsource: {category: test}\ndetection:\n    s: {kind: ${kind}}\n    condition: s\n`,
  )
  .join('---\n');

const correlation = (body: string, name = 'corr'): string =>
  `---\ntitle: Correlation\nname: ${name}\ncorrelation:\n${body
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`;

type Event = readonly [seconds: number, kind: string, fields?: Record<string, unknown>];

/** Seconds at which the named correlation fires; `end` for one that is decided when nothing more comes. */
function firings(text: string, events: readonly Event[], name = 'corr'): (number | 'end')[] {
  const engine = createGenericEngine(compileText(text));
  const fired: (number | 'end')[] = [];
  for (const [seconds, kind, fields = {}] of events) {
    const found = engine.match(
      { logsource: { category: 'test' }, fields: { kind, ...fields } },
      seconds * 1000,
    );
    if (found.some(({ meta }) => meta.name === name)) fired.push(seconds);
  }
  if (engine.finish().some(({ meta }) => meta.name === name)) fired.push('end');
  return fired;
}

/** The same, the program ending and beginning anew before each event and before the end. */
function firingsOverRestarts(text: string, events: readonly Event[]): (number | 'end')[] {
  const compiled = compileText(text);
  let engine = createGenericEngine(compiled);
  const restart = (): void => {
    const saved = deserialize(serialize([...engine.correlations.save()])) as [];
    engine = createGenericEngine(compiled);
    expect(engine.correlations.restore(saved)).toBe(0);
  };
  const fired: (number | 'end')[] = [];
  for (const [seconds, kind, fields = {}] of events) {
    restart();
    const event = { logsource: { category: 'test' }, fields: { kind, ...fields } };
    const found = engine.match(event, seconds * 1000);
    if (found.some(({ meta }) => meta.name === 'corr')) fired.push(seconds);
  }
  restart();
  if (engine.finish().some(({ meta }) => meta.name === 'corr')) fired.push('end');
  return fired;
}

const times = (list: readonly number[], kind = 'a', fields: Record<string, unknown> = {}): Event[] =>
  list.map((second) => [second, kind, fields]);

type Row = readonly [
  name: string,
  body: string,
  events: readonly Event[],
  expected: readonly (number | 'end')[],
];
const COUNT = 'type: event_count\nrules: a\ntimespan: 10s\n';
const ROWS: readonly Row[] = [
  ['event_count', `${COUNT}condition: {gte: 3}`, times([0, 1, 2]), [2]],
  ['gt', `${COUNT}condition: {gt: 2}`, times([0, 1, 2]), [2]],
  ['the window is half open', `${COUNT}condition: {gte: 2}`, times([0, 10]), []],
  ['and slides', `${COUNT}condition: {gte: 3}`, times([0, 8, 12, 16]), [16]],
  ['silence for a timespan', `${COUNT}condition: {gte: 2}`, times([0, 1, 2, 3, 11, 12]), [1, 11]],
  ['every match', `${COUNT}condition: {gte: 2}\ntelegen.firing: every-match`, times([0, 1, 2]), [1, 2]],
  ['reset', `${COUNT}condition: {gte: 2}\ntelegen.firing: reset`, times([0, 1, 2, 3]), [1, 3]],
  ['a range of two keys', `${COUNT}condition: {gte: 2, lte: 3}`, times([0, 1, 2]), ['end']],
  ['a range exceeded', `${COUNT}condition: {gte: 2, lte: 3}`, times([0, 1, 2, 3]), []],
  ['eq at the close of the window', `${COUNT}condition: {eq: 2}`, times([0, 1, 20]), [20]],
  ['neq', `${COUNT}condition: {neq: 2}`, times([0, 1]), []],
  ['lt with one event', `${COUNT}condition: {lt: 2}`, times([0]), ['end']],
  ['lt without any event never fires', `${COUNT}condition: {lt: 2}`, [], []],
  [
    'groups are apart',
    `${COUNT}condition: {gte: 2}\ngroup-by: [host]`,
    [
      [0, 'a', { host: 'x' }],
      [1, 'a', { host: 'y' }],
      [2, 'a', { host: 'x' }],
    ],
    [2],
  ],
  ['group-by as text', `${COUNT}condition: {gte: 2}\ngroup-by: host`, times([0, 1], 'a', { host: 'x' }), [1]],
  [
    'a missing group field does not count',
    `${COUNT}condition: {gte: 2}\ngroup-by: [host]`,
    times([0, 1]),
    [],
  ],
  [
    'a list belongs to each of its groups',
    `${COUNT}condition: {gte: 2}\ngroup-by: [host]`,
    [
      [0, 'a', { host: ['x', 'y'] }],
      [1, 'a', { host: 'y' }],
    ],
    [1],
  ],
  [
    'values of different fields never run together',
    `${COUNT}condition: {gte: 2}\ngroup-by: [p, q]`,
    [
      [0, 'a', { p: 'x,', q: 'y' }],
      [1, 'a', { p: 'x', q: ',y' }],
    ],
    [],
  ],
  [
    'several rules count together',
    'type: event_count\nrules: [a, b]\ntimespan: 1m\ncondition: {gte: 2}',
    [
      [0, 'a'],
      [1, 'b'],
    ],
    [1],
  ],
  [
    'value_count',
    'type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2, field: user}',
    [
      [0, 'a', { user: 'x' }],
      [1, 'a', { user: 'x' }],
      [2, 'a', { user: 'y' }],
    ],
    [2],
  ],
  [
    'value_count forgets',
    'type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2, field: user}',
    [
      [0, 'a', { user: 'x' }],
      [11, 'a', { user: 'y' }],
    ],
    [],
  ],
  [
    'value_count of pairs',
    'type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 3, field: [u, v]}',
    [
      [0, 'a', { u: 1, v: 1 }],
      [1, 'a', { u: 1, v: 2 }],
      [2, 'a', { u: 2, v: 1 }],
    ],
    [2],
  ],
  [
    'value_count without the field',
    'type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 1, field: user}',
    times([0]),
    [],
  ],
  [
    'value_sum',
    'type: value_sum\nrules: [a]\ntimespan: 10s\ncondition: {gt: 1.5, field: n}',
    [
      [0, 'a', { n: 1 }],
      [1, 'a', { n: '0.6' }],
    ],
    [1],
  ],
  [
    'value_sum of what is no number',
    'type: value_sum\nrules: [a]\ntimespan: 10s\ncondition: {gte: 0, field: n}',
    [[0, 'a', { n: 'x' }]],
    [],
  ],
  [
    'value_avg',
    'type: value_avg\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2, field: n}',
    [
      [0, 'a', { n: 1 }],
      [1, 'a', { n: 3 }],
    ],
    [1],
  ],
  [
    'value_percentile',
    'type: value_percentile\nrules: [a]\ntimespan: 10s\ncondition: {gte: 9, field: n, percentile: 90}',
    [
      [0, 'a', { n: 1 }],
      [1, 'a', { n: 10 }],
    ],
    [1],
  ],
  [
    'value_percentile, the operator counts',
    'type: value_percentile\nrules: [a]\ntimespan: 10s\ncondition: {lte: 50, field: n}',
    [
      [0, 'a', { n: 1 }],
      [1, 'a', { n: 100 }],
    ],
    [],
  ],
  [
    'value_median',
    'type: value_median\nrules: [a]\ntimespan: 10s\ncondition: {gte: 5, field: n}',
    [
      [0, 'a', { n: 1 }],
      [1, 'a', { n: 9 }],
    ],
    [1],
  ],
  [
    'an empty median is not 0',
    'type: value_median\nrules: [a]\ntimespan: 10s\ncondition: {lte: 0, field: n}',
    times([0]),
    [],
  ],
  [
    'temporal: all rules',
    'type: temporal\nrules: [a, b, c]\ntimespan: 10s',
    [
      [0, 'c'],
      [1, 'a'],
      [2, 'b'],
    ],
    [2],
  ],
  [
    'temporal: two of four',
    'type: temporal\nrules: [a, b, c, d]\ntimespan: 10s\ncondition: {gte: 2}',
    [
      [0, 'd'],
      [1, 'd'],
      [2, 'a'],
    ],
    [2],
  ],
  [
    'temporal: too far apart',
    'type: temporal\nrules: [a, b]\ntimespan: 10s',
    [
      [0, 'a'],
      [10, 'b'],
    ],
    [],
  ],
  [
    'temporal: other groups do not help',
    'type: temporal\nrules: [a, b]\ntimespan: 10s\ngroup-by: [host]',
    [
      [0, 'a', { host: 'x' }],
      [1, 'b', { host: 'y' }],
    ],
    [],
  ],
  [
    'temporal: a condition over names',
    'type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: a and (b or c)',
    [
      [0, 'c'],
      [1, 'a'],
    ],
    [1],
  ],
  [
    'temporal: absence',
    'type: temporal\nrules: [a, b]\ntimespan: 10s\ncondition: a and not b',
    [
      [0, 'a'],
      [20, 'a'],
      [21, 'b'],
    ],
    [20],
  ],
  [
    'temporal_ordered',
    'type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s',
    [
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ],
    [2],
  ],
  [
    'temporal_ordered: wrong order',
    'type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s',
    [
      [0, 'a'],
      [1, 'c'],
      [2, 'b'],
    ],
    [],
  ],
  [
    'temporal_ordered: a later beginning counts',
    'type: temporal_ordered\nrules: [a, b]\ntimespan: 10s',
    [
      [0, 'a'],
      [8, 'a'],
      [12, 'b'],
    ],
    [12],
  ],
  [
    'temporal_ordered: too slow',
    'type: temporal_ordered\nrules: [a, b]\ntimespan: 10s',
    [
      [0, 'a'],
      [10, 'b'],
    ],
    [],
  ],
  [
    'temporal_ordered: the same rule twice needs two events',
    'type: temporal_ordered\nrules: [a, a]\ntimespan: 10s',
    [
      [0, 'a'],
      [1, 'a'],
    ],
    [1],
  ],
  [
    'aliases',
    'type: temporal\nrules: [a, b]\ntimespan: 10s\ngroup-by: [ip]\naliases:\n    ip:\n        a: src\n        b: dst',
    [
      [0, 'a', { src: 'x', dst: 'q' }],
      [1, 'b', { src: 'q', dst: 'x' }],
    ],
    [1],
  ],
  ['minutes', 'type: event_count\nrules: a\ntimespan: 2m\ncondition: {gte: 2}', times([0, 119]), [119]],
];

describe('correlations', () => {
  test.each(ROWS)('%s', (_, body, events, expected) => {
    expect(firings(`${BASE}${correlation(body)}`, events)).toEqual(expected);
  });

  test.each(ROWS)('over restarts: %s', (_, body, events, expected) => {
    expect(firingsOverRestarts(`${BASE}${correlation(body)}`, events)).toEqual(expected);
  });

  test('whose text has changed do not take over what another left', () => {
    const body = (count: number): string => `${COUNT}condition: {gte: ${count}}`;
    const event = { logsource: { category: 'test' }, fields: { kind: 'a' } };
    const before = createGenericEngine(compileText(`${BASE}${correlation(body(3))}`));
    before.match(event, 0);
    const after = createGenericEngine(compileText(`${BASE}${correlation(body(2))}`));
    expect(after.correlations.restore([...before.correlations.save()])).toBe(1);
    expect(after.match(event, 1_000).map(({ meta }) => meta.name)).toEqual(['a']);
  });

  test('one event that fulfils two rules is one step of a chain', () => {
    const text = `title: A\nname: a\nlogsource: {category: test}\ndetection:\n    s: {x: 1}\n    condition: s\n---\ntitle: B\nname: b\nlogsource: {category: test}\ndetection:\n    s: {y: 1}\n    condition: s\n${correlation('type: temporal_ordered\nrules: [a, b]\ntimespan: 10s')}`;
    expect(firings(text, [[0, '', { x: 1, y: 1 }]])).toEqual([]);
    expect(
      firings(text, [
        [0, '', { x: 1 }],
        [1, '', { y: 1 }],
      ]),
    ).toEqual([1]);
  });

  test('a correlation is an event for others, with the last event and the group', () => {
    const inner = correlation(
      'type: event_count\nrules: [a]\ntimespan: 10s\ngroup-by: [host]\ncondition: {gte: 2}',
      'inner',
    );
    const outer = correlation(
      'type: temporal_ordered\nrules: [inner, b]\ntimespan: 1m\ngroup-by: [user]',
      'outer',
    );
    const events: Event[] = [
      [0, 'a', { host: 'h', user: 'u' }],
      [1, 'a', { host: 'h', user: 'u' }],
      [2, 'b', { user: 'u' }],
    ];
    expect(firings(`${BASE}${outer}${inner}`, events, 'inner')).toEqual([1]);
    expect(firings(`${BASE}${outer}${inner}`, events, 'outer')).toEqual([2]);
  });
});

describe('unsound correlations', () => {
  const sound = 'type: event_count\nrules: a\ntimespan: 10s\ncondition: {gte: 2}';
  test.each([
    ['no type', 'rules: a\ntimespan: 1m\ncondition: {gte: 1}'],
    ['unknown type', sound.replace('event_count', 'event_sum')],
    ['no rules', 'type: event_count\ntimespan: 1m\ncondition: {gte: 1}'],
    ['negative timespan', sound.replace('10s', '-5m')],
    ['timespan of nothing', sound.replace('10s', '0s')],
    ['timespan without unit', sound.replace('10s', '10')],
    ['no condition', 'type: event_count\nrules: a\ntimespan: 1m'],
    ['no operator', 'type: event_count\nrules: a\ntimespan: 1m\ncondition: {field: x}'],
    ['unknown operator', sound.replace('gte', 'ge')],
    ['no number', sound.replace('2}', 'many}')],
    ['value without field', 'type: value_sum\nrules: a\ntimespan: 1m\ncondition: {gte: 2}'],
    ['sum of two fields', 'type: value_sum\nrules: a\ntimespan: 1m\ncondition: {gte: 2, field: [a, b]}'],
    [
      'percentile beyond 100',
      'type: value_percentile\nrules: a\ntimespan: 1m\ncondition: {gte: 2, field: a, percentile: 101}',
    ],
    ['alias of a stranger', `${sound}\naliases:\n    x:\n        nobody: f`],
    ['generate as text', `${sound}\ngenerate: perhaps`],
  ])('%s', (_, body) => {
    const problems = problemsOf(`${BASE}${correlation(body)}`);
    expect(problems.map((problem) => problem.replace(/@.*/, ''))).toContain('correlation-invalid');
  });
});
