import { expect, test } from 'vitest';
import { watchEventLoop } from '../../../src/cli/metrics/event-loop.ts';
import { eventually } from '../../support/eventually.ts';

test('what blocks the main thread is told, and counts as work', async () => {
  const loop = watchEventLoop();
  try {
    const before = loop.busyMs();
    // Longer than the distance of two beats, so that one of them falls into it.
    const until = performance.now() + 900;
    while (performance.now() < until);
    await eventually(() => loop.lagMs() > 300, 'the lag');
    expect(loop.busyMs() - before).toBeGreaterThan(800);
  } finally {
    loop.close();
  }
});
