import { expect, it } from 'vitest';
import { createReporter } from '../../../src/telemetry/export/rate-limited-report.ts';

function setup() {
  const said: string[] = [];
  const clock = { nowMs: 0 };
  const reporter = createReporter({
    onReport: ({ level, message }) => void said.push(`${level}: ${message}`),
    intervalMs: 100,
    now: () => clock.nowMs,
  });
  return { said, clock, reporter };
}

it('reports a lasting problem once per interval, with the number held back', () => {
  const { said, clock, reporter } = setup();
  for (clock.nowMs = 0; clock.nowMs <= 200; clock.nowMs += 20) reporter.problem('a', 'broken');
  expect(said).toEqual([
    'error: broken',
    'error: broken (4 more since the last report)',
    'error: broken (4 more since the last report)',
  ]);
});

it('keeps topics apart', () => {
  const { said, reporter } = setup();
  reporter.problem('a', 'one');
  reporter.problem('b', 'two');
  expect(said).toHaveLength(2);
});

it('reports recovery once, and only after a reported problem', () => {
  const { said, reporter } = setup();
  reporter.recovered(() => 'well');
  reporter.problem('a', 'broken');
  reporter.recovered(() => 'well');
  reporter.recovered(() => 'well');
  expect(said).toEqual(['error: broken', 'info: well']);
});

it('does not flood when a problem comes and goes', () => {
  const { said, clock, reporter } = setup();
  for (clock.nowMs = 0; clock.nowMs < 100; clock.nowMs += 1) {
    reporter.problem('a', 'broken');
    reporter.recovered(() => 'well');
  }
  expect(said).toEqual(['error: broken', 'info: well']);
});
