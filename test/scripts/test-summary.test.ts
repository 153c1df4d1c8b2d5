import { describe, expect, it } from 'vitest';
import { describeSummary, summarise } from '../../scripts/test-summary.ts';

const test = (
  fullName: string,
  status: string,
): { fullName: string; status: string; failureMessages?: string[] } => ({
  fullName,
  status,
});
const file = (...assertionResults: ReturnType<typeof test>[]) => ({
  name: 'a.test.ts',
  status: 'passed',
  assertionResults,
});
const last = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

describe('the last line of make test', () => {
  it.each([
    [
      'all passed',
      0,
      [{ testResults: [file(test('a', 'passed'), test('b', 'passed'))] }],
      '2 passed, 0 failed',
    ],
    [
      'one failed',
      1,
      [{ testResults: [file(test('a', 'passed'), test('b', 'failed'))] }],
      '1 passed, 1 failed',
    ],
    [
      'one skipped',
      0,
      [{ testResults: [file(test('a', 'passed'), test('b', 'skipped'))] }],
      '1 passed, 0 failed, 1 skipped',
    ],
    [
      'two projects',
      0,
      [{ testResults: [file(test('a', 'passed'))] }, { testResults: [file(test('b', 'passed'))] }],
      '2 passed, 0 failed',
    ],
    [
      'a file that does not load',
      1,
      [{ testResults: [{ ...file(), status: 'failed', message: 'syntax' }] }],
      '0 passed, 1 failed',
    ],
    ['an error outside of tests', 1, [{ testResults: [file(test('a', 'passed'))] }], '1 passed, 1 failed'],
    ['no report', 1, [undefined], '0 passed, 1 failed'],
    ['nothing ran', 0, [{ testResults: [] }], '0 passed, 1 failed'],
  ])('%s', (_name, status, reports, expected) => {
    expect(last(describeSummary(summarise(status, reports)))).toBe(expected);
  });

  it('names what was skipped and what failed', () => {
    const reports = [{ testResults: [file(test('x (SKIP: needs root)', 'skipped'), test('y', 'failed'))] }];
    expect(describeSummary(summarise(1, reports))).toBe(
      'SKIPPED x (SKIP: needs root)\nFAILED y\n0 passed, 1 failed, 1 skipped\n',
    );
  });

  it('says why and where one failed, on a line', () => {
    const message = [
      `AssertionError: ${'long '.repeat(99)}`,
      'with a second line',
      '    at helper (/a/node_modules/x.js:1:2)',
      '    at /a/main/test/live/b.test.ts:107:20',
      '    at /a/main/test/live/c.test.ts:1:1',
    ].join('\n');
    const reports = [{ testResults: [file({ ...test('y', 'failed'), failureMessages: [message] })] }];
    const [line] = summarise(1, reports).failed;
    expect(line).toMatch(/^y: AssertionError: (?:long ){50,}.*\.\.\. \(test\/live\/b\.test\.ts:107\)$/);
    expect(line?.length).toBeLessThan(400);
  });
});
