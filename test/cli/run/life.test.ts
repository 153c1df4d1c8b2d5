import { describe, expect, it } from 'vitest';
import { watchOverSensor } from '../../../src/cli/run/life.ts';
import type { Notice } from '../../../src/pipeline/notices.ts';

/** A sensor of which nothing is wrong but what the test says of its cgroup. */
function sensor() {
  const state: { trouble?: string | undefined } = {};
  const notices: Notice[] = [];
  const counters = {
    received: 0,
    handled: 0,
    filtered: 0,
    findings: 0,
    candidates: 0,
    lossReports: 0,
    notices: 0,
  };
  const tick = watchOverSensor({
    engine: { counters, notify: (notice) => void notices.push(notice) },
    capture: { hooks: [], counters: () => ({}), cgroupTrouble: () => state.trouble },
    delivery: { counters: () => ({}) },
    shedder: { trouble: undefined },
    heartbeatMs: 0,
    periodMs: 1_000,
  });
  /** Says what is told at the next tick. */
  const told = (trouble: string | undefined): string[] => {
    state.trouble = trouble;
    tick(Date.now());
    return notices.splice(0).map(({ severity, body }) => `${severity} ${body}`);
  };
  return { told };
}

describe('watchOverSensor', () => {
  it('tells once that the cgroup is gone, and nothing of a recovery while another one has its path', () => {
    const { told } = sensor();
    expect(told(undefined)).toEqual([]);
    expect(told('the cgroup is gone')).toEqual(['ERROR Sensor degraded: the cgroup is gone']);
    expect(told('the cgroup was made anew')).toEqual([]);
    expect(told('the cgroup was made anew')).toEqual([]);
  });

  it('tells of one that was made anew between two looks', () => {
    const { told } = sensor();
    expect(told(undefined)).toEqual([]);
    expect(told('the cgroup was made anew')).toEqual(['ERROR Sensor degraded: the cgroup was made anew']);
  });
});
