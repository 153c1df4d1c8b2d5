import { describe, expect, it } from 'vitest';
import { EpochOffset } from '../../../src/capture/live/epoch-offset.ts';

describe('the offset from the kernel’s clock to the wall clock', () => {
  it('stands still while the clocks are only read less exactly', () => {
    const readings = [1000, 1000.2, 999.7, 1000.4];
    const offset = new EpochOffset(() => readings.shift()!);
    expect([offset.offsetMs(), offset.offsetMs(), offset.offsetMs()]).toEqual([1000, 1000, 1000]);
  });

  it('follows a wall clock that was set, either way', () => {
    let wallMs = 5000;
    const offset = new EpochOffset(() => wallMs);
    wallMs += 3_600_000;
    expect(offset.offsetMs()).toBe(3_605_000);
    wallMs -= 7_200_000;
    expect(offset.offsetMs()).toBe(-3_595_000);
  });
});
