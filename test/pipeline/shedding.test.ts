import { describe, expect, it } from 'vitest';
import { createShedder, SHED_CLASSES, type Shedder, type Usage } from '../../src/pipeline/shedding.ts';

const BUDGET = { cpuPercent: 50, memoryBytes: 200 * 1_048_576, lagMs: 500 };
const CALM: Usage = { cpuPercent: 10, memoryBytes: 50 * 1_048_576, lagMs: 0, ringFill: 0 };

function observe(shedder: Shedder, usage: Partial<Usage>, times = 1): void {
  for (let i = 0; i < times; i += 1) shedder.observe({ ...CALM, ...usage });
}
const taken = (shedder: Shedder): string[] => SHED_CLASSES.filter((kind) => shedder.takes(kind));

describe('what is over budget', () => {
  it.each<[string, Partial<Usage>, string | undefined]>([
    ['nothing', {}, undefined],
    [
      'usage that is just the budget',
      { cpuPercent: 50, memoryBytes: 200 * 1_048_576, lagMs: 500, ringFill: 0.5 },
      undefined,
    ],
    ['processor', { cpuPercent: 51 }, 'processor 51 % of 50 %'],
    ['memory', { memoryBytes: 201 * 1_048_576 }, 'memory 201 MiB of 200 MiB'],
    ['event loop', { lagMs: 501 }, 'event loop 501 ms late of 500 ms'],
    ['ring', { ringFill: 0.6 }, 'ring filled to 60 %'],
    ['two of them', { cpuPercent: 80, ringFill: 1 }, 'processor 80 % of 50 %, ring filled to 100 %'],
  ])('%s', (_name, usage, words) => {
    const shedder = createShedder(BUDGET);
    observe(shedder, usage);
    expect(shedder.trouble).toBe(words && `over budget (${words}): spans are given up; detection goes on`);
  });

  it('no processor time, when there is no limit of it', () => {
    const shedder = createShedder({ ...BUDGET, cpuPercent: 0 });
    observe(shedder, { cpuPercent: 400 });
    expect(shedder.level).toBe(0);
  });
});

describe('classes', () => {
  it('go one with each look that is over, in the stated order, and no further than all', () => {
    const shedder = createShedder(BUDGET);
    const left = [taken(shedder)];
    for (let i = 0; i < 5; i += 1) {
      observe(shedder, { lagMs: 900 });
      left.push(taken(shedder));
    }
    expect(left).toEqual([
      ['spans', 'events', 'lines', 'metrics'],
      ['events', 'lines', 'metrics'],
      ['lines', 'metrics'],
      ['metrics'],
      [],
      [],
    ]);
    expect(shedder.counters).toEqual({ spans: 5, events: 4, lines: 3, metrics: 2 });
    expect(shedder.trouble).toContain(': spans, events, lines, metrics are given up');
  });

  it('come back one after ten calm looks, the last given up first; nearly over is not calm', () => {
    const shedder = createShedder(BUDGET);
    observe(shedder, { lagMs: 900 }, 2);
    observe(shedder, {}, 9);
    observe(shedder, { lagMs: 450 });
    observe(shedder, {}, 9);
    expect(shedder.level).toBe(2);
    observe(shedder, {});
    expect([shedder.isShed('events'), shedder.isShed('spans')]).toEqual([false, true]);
    observe(shedder, {}, 10);
    expect([shedder.level, shedder.trouble]).toEqual([0, undefined]);
    observe(shedder, {}, 10);
    expect(shedder.level).toBe(0);
  });

  it('that are asked about without a record are not counted', () => {
    const shedder = createShedder(BUDGET);
    observe(shedder, { lagMs: 900 });
    expect(shedder.isShed('spans')).toBe(true);
    expect(shedder.counters.spans).toBe(0);
  });
});
