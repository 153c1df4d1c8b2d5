/**
 * A live capture in a process of its own, for tests that kill it or let it fail:
 * node capture-child.ts CGROUP [throw]. Prints "ready"; ends by itself when a line comes: prints counts as JSON.
 */
import { once } from 'node:events';
import { openLiveCapture } from '../../src/capture/live/live-capture.ts';
import { totals } from './events.ts';
import { eventually } from './eventually.ts';

const [cgroupPath, mode] = process.argv.slice(2) as [string, string | undefined];
let [seen, uncaught] = [0, 0];

process.on('uncaughtException', (error) => {
  if (error.message !== 'consumer failed') throw error;
  uncaught++;
});

const capture = openLiveCapture({
  cgroupPath,
  ringBufferSize: 1 << 20,
  onEvent: () => {
    seen++;
    if (mode === 'throw') throw new Error('consumer failed');
  },
  onWarning: () => undefined,
});
process.stdout.write('ready\n');
await once(process.stdin, 'data');
await eventually(() => capture.received() === totals(capture.counters()).submitted, 'the reader to catch up');
const received = capture.received();
await capture.stop();
process.stdout.write(`${JSON.stringify({ seen, uncaught, received })}\n`);
process.stdin.destroy();
