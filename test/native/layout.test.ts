import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/capture/addon.ts';
import { LAYOUT } from '../../src/capture/layout.gen.ts';

describe('the record layout', () => {
  it('is the same for the C++ compiler as for clang’s BTF, from which the TypeScript side is generated', () => {
    expect(loadAddon().layout()).toEqual(LAYOUT);
  });

  it('has records that are a multiple of 8 bytes, so that none is cut by the ring', () => {
    for (const [name, { size }] of Object.entries(LAYOUT)) expect([name, size % 8]).toEqual([name, 0]);
  });

  it('tells the time of the kernel’s records', () => {
    const addon = loadAddon();
    const [before, hr, after] = [addon.monotonicNs(), Number(process.hrtime.bigint()), addon.monotonicNs()];
    expect(before).toBeLessThanOrEqual(hr);
    expect(hr).toBeLessThanOrEqual(after);
  });

  it('tells what makes that time the wall clock’s', () => {
    const addon = loadAddon();
    const readings = Array.from({ length: 1000 }, () => addon.epochOffsetMs());
    const middle = readings.toSorted((a, b) => a - b)[500]!;
    const before = Date.now();
    const epoch = addon.monotonicNs() / 1e6 + middle;
    // Date.now() cuts off the fraction.
    expect(epoch).toBeGreaterThanOrEqual(before - 0.01);
    expect(epoch).toBeLessThanOrEqual(Date.now() + 1.01);
  });
});

describe('loadAddon', () => {
  it('says what to do when there is none', () => {
    expect(() => loadAddon('/nowhere/telegen.node')).toThrow(
      /cannot load the native addon \/nowhere\/telegen.node.*run "make build"/,
    );
    expect(() => loadAddon('/nowhere/telegen.node')).toThrow(
      expect.objectContaining({ code: 'TELEGEN_ADDON' }),
    );
  });
});
