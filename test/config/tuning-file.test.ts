import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config/issue.ts';
import { loadTuning, readTuning } from '../../src/config/tuning-file.ts';
import { memoryFiles } from './helpers.ts';

const FILE = '/etc/telegen/tuning.yaml';
const read = (text: string) => readTuning([FILE], memoryFiles({ [FILE]: text }).readFile);
const problemsOf = (text: string): string[] => {
  const result = read(text);
  return result.ok ? [] : result.problems.map(formatProblem).map((line) => line.replace(`${FILE}:`, ''));
};

const GOOD = `
suppressions:
  - name: backup
    owner: netops@example.com
    reason: nightly backup
    expires: 2025-06-30
    match: { net.peer.ip: 198.51.100.0/24, net.peer.port: [22, 873] }
limits:
  - name: calm
    type: limit
    count: 5
    window: 10m
    track: [rule, peer]
    match: { telegen.detector: external-egress }
`;

describe('a tuning file', () => {
  it('gives suppressions and limits', () => {
    expect(read(GOOD)).toEqual({
      ok: true,
      tuning: {
        suppressions: [
          {
            name: 'backup',
            owner: 'netops@example.com',
            reason: 'nightly backup',
            expiresMs: Date.UTC(2025, 6, 1),
            match: { 'net.peer.ip': ['198.51.100.0/24'], 'net.peer.port': [22, 873] },
          },
        ],
        limits: [
          {
            name: 'calm',
            type: 'limit',
            count: 5,
            windowMs: 600_000,
            track: ['rule', 'peer'],
            match: { 'telegen.detector': ['external-egress'] },
          },
        ],
      },
    });
  });

  it.each([
    ['', 0],
    ['suppressions: []\n', 0],
  ])('may be empty: %j', (text, count) => {
    expect(read(text)).toMatchObject({ ok: true, tuning: { suppressions: { length: count } } });
  });

  it.each([
    [
      GOOD.replace('backup\n    owner: netops@example.com\n', 'backup\n'),
      /3:5: suppressions\[0\]\.owner: is missing: must be text/,
    ],
    [GOOD.replace('2025-06-30', 'soon'), /6:14: suppressions\[0\]\.expires: must be a date such as/],
    [GOOD.replace('2025-06-30', '2025-13-30'), /expires: must be a date such as/],
    [
      GOOD.replace('net.peer.ip:', 'net.peer.adress:'),
      /7:\d+: suppressions\[0\]\.match\.net\.peer\.adress: is no attribute of alerts/,
    ],
    [GOOD.replace('net.peer.port', 'net.peer.prt'), /did you mean net\.peer\.port\?/],
    [GOOD.replace('198.51.100.0/24', '198.51.100.7/24'), /match\.net\.peer\.ip: .*198\.51\.100/],
    [
      GOOD.replace('type: limit', 'type: most'),
      /10:11: limits\[0\]\.type: must be limit, threshold, both or backoff/,
    ],
    [GOOD.replace('count: 5', 'count: 0'), /limits\[0\]\.count: must be at least 1/],
    [
      GOOD.replace('window: 10m', 'window: 10 minutes'),
      /limits\[0\]\.window: must be a duration from 1s to 24h/,
    ],
    [
      GOOD.replace('[rule, peer]', '[port]'),
      /limits\[0\]\.track\[0\]: must be rule, process, workload or peer/,
    ],
    [GOOD.replace('count: 5', 'count: 5\n    colour: red'), /limits\[0\].*unknown key colour/],
    [
      GOOD.replace('match: { telegen.detector: external-egress }', 'match: {}'),
      /limits\[0\]\.match: must name at least one attribute/,
    ],
    [GOOD.replace('name: calm', 'name: backup'), /the name "backup" is used twice/],
    ['suppressions: {', /^\d+:\d+: /],
    ['- 1', /must be a mapping with suppressions and limits/],
  ])('is refused with place, key and cure (%#)', (text, message) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  it('tells all its problems at once', () => {
    expect(problemsOf(GOOD.replace('type: limit', 'type: most').replace('2025-06-30', 'soon'))).toHaveLength(
      2,
    );
  });

  it('that is not there is an error that names it', () => {
    expect(() => loadTuning(['/nonexistent/tuning.yaml'])).toThrow(/\/nonexistent\/tuning\.yaml: /);
  });
});

it('the example of docs/alerts.md is one', () => {
  const page = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
  const example = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, text]) => text ?? '')
    .find((text) => text.includes('suppressions'));
  expect(read(example ?? '- none')).toMatchObject({
    ok: true,
    tuning: { suppressions: { length: 1 }, limits: { length: 1 } },
  });
});
