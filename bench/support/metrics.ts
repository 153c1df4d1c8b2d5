import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../test/support/sandbox.ts';

const METRICS = 'http://127.0.0.1:19090/metrics';
/** What is on its way has arrived when nothing changes for so long. */
const SETTLE_MS = 300;

/** Sum over all series of a counter of the telegen that runs in the inner namespace. */
export async function counterSum(ground: Sandbox, counter: string): Promise<number> {
  const text = await ground.start(['curl', '-s', METRICS], { cgroup: 'none' }).end();
  const counts = [...text.matchAll(new RegExp(`^${counter}(?:\\{.*\\})? (\\d+)`, 'gm'))];
  return counts.reduce((total, [, count]) => total + Number(count), 0);
}

/** The same, once it has caught up. */
export async function settledSum(ground: Sandbox, counter: string): Promise<number> {
  for (let before = Number.NaN; ; await pause(SETTLE_MS)) {
    const sum = await counterSum(ground, counter);
    if (sum === before) return sum;
    before = sum;
  }
}
