import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../test/support/sandbox.ts';

export const METRICS = 'http://127.0.0.1:19090/metrics';
/** What is on its way has arrived when nothing changes for so long. */
const SETTLE_MS = 300;

/** Sum over all series of a counter in what /metrics says. */
export function counterSum(text: string, counter: string): number {
  const counts = [...text.matchAll(new RegExp(`^${counter}(?:\\{.*\\})? (\\d+)`, 'gm'))];
  return counts.reduce((total, [, count]) => total + Number(count), 0);
}

/** The same of the telegen that runs in the inner namespace, once it has caught up. */
export async function settledSum(ground: Sandbox, counter: string): Promise<number> {
  for (let before = Number.NaN; ; await pause(SETTLE_MS)) {
    const text = await ground.start(['curl', '-s', METRICS], { cgroup: 'none' }).end();
    const sum = counterSum(text, counter);
    if (sum === before) return sum;
    before = sum;
  }
}
