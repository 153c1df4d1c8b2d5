import { describe, expect, it } from 'vitest';
import type { Notice } from '../../src/pipeline/notices.ts';
import { clockCheck, createWatchdog, exportCheck } from '../../src/pipeline/watchdog.ts';

const HOUR_MS = 3_600_000;

describe('the watchdog', () => {
  it('tells when a condition begins, each hour while it lasts, and when it is over', () => {
    const notices: Notice[] = [];
    let detail: string | undefined;
    const watchdog = createWatchdog({ hooks: () => detail, other: () => undefined }, (notice) =>
      notices.push(notice),
    );
    const brief = () =>
      notices.splice(0).map(({ severity, timeMs, body }) => `${timeMs} ${severity} ${body}`);
    watchdog.tick(0);
    expect(brief()).toEqual([]);
    detail = 'hooks are missing: bind4';
    for (const ms of [1_000, 2_000, HOUR_MS, HOUR_MS + 1_000]) watchdog.tick(ms);
    expect(watchdog.degraded).toEqual(['hooks']);
    detail = undefined;
    watchdog.tick(HOUR_MS + 2_000);
    watchdog.tick(HOUR_MS + 3_000);
    expect(brief()).toEqual([
      '1000 ERROR Sensor degraded: hooks are missing: bind4',
      '3601000 ERROR Sensor degraded: hooks are missing: bind4',
      '3602000 INFO Sensor recovered: hooks are missing: bind4',
    ]);
    expect(watchdog.degraded).toEqual([]);
  });
});

describe('the check of the export', () => {
  const steps: readonly [
    string,
    number,
    { delivered: number; pending: number; spooled?: number },
    boolean,
  ][] = [
    ['nothing waits', 0, { delivered: 0, pending: 0 }, false],
    ['something waits', 1, { delivered: 0, pending: 3 }, false],
    ['for less than five minutes', 299, { delivered: 0, pending: 3 }, false],
    ['for five minutes', 300, { delivered: 0, pending: 0, spooled: 3 }, true],
    ['some got through', 302, { delivered: 1, pending: 2 }, false],
    ['again nothing for five minutes', 602, { delivered: 1, pending: 2 }, true],
    ['all got through', 603, { delivered: 3, pending: 0 }, false],
    ['nothing to do for long', 9_000, { delivered: 3, pending: 0 }, false],
    ['and then something waits', 9_001, { delivered: 3, pending: 1 }, false],
  ];
  it('complains when alerts wait and none gets through', () => {
    let [seconds, counters] = [0, { delivered: 0, pending: 0 }];
    const check = exportCheck(
      () => ({ otlp: counters }),
      () => seconds * 1000,
    );
    const said = steps.map(([what, at, next]) => {
      [seconds, counters] = [at, next];
      return [what, check(0) !== undefined];
    });
    expect(said).toEqual(steps.map(([what, , , expected]) => [what, expected]));
    [seconds, counters] = [10_000, { delivered: 3, pending: 1 }];
    expect(check(0)).toBe('no alert has reached otlp for 5 minutes, though some wait');
  });
});

describe('the check of the clock', () => {
  it.each([
    ['an hour on', HOUR_MS, 'the clock jumped by 3600 s'],
    ['an hour back', -HOUR_MS, 'the clock jumped by -3600 s'],
    ['a slow correction', 5_000, undefined],
  ])('%s', (_what, jumpMs, expected) => {
    let steady = 0;
    const check = clockCheck(() => steady);
    expect(check(1_000_000)).toBeUndefined();
    steady += 1_000;
    expect(check(1_001_000 + jumpMs)).toBe(expected);
    steady += 1_000;
    expect(check(1_002_000 + jumpMs)).toBe(expected);
    steady += 60_000;
    expect(check(1_062_000 + jumpMs)).toBeUndefined();
  });
});
