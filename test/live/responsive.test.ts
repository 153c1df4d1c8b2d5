import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLiveCapture } from '../../src/capture/live/live-capture.ts';
import { eventually } from '../support/eventually.ts';
import { peerProgram, placed } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const missing = whyNoSandbox();
const CONNECTIONS = 20_000;
/** Attempted and failed. */
const RECORDS = 2 * CONNECTIONS;
/** Of all slabs together, if every record were as short as the shortest. */
const MOST_IN_A_TURN = (8 * 64 * 1024) / 88;

describe.skipIf(missing !== undefined)(`a full ring${missing ? ` (SKIP: ${missing})` : ''}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterAll(() => sandbox?.close());

  it('is read in portions: timers and sockets have their turn in between', async () => {
    let [seen, inTurn, most] = [0, 0, 0];
    const capture = openLiveCapture({
      cgroupPath: sandbox.cgroup,
      ringBufferSize: 1 << 24,
      onEvent: ({ kind }) => {
        if (kind !== 'connection') return;
        if (inTurn === 0)
          setImmediate(() => {
            most = Math.max(most, inTurn);
            inTurn = 0;
          });
        seen += 1;
        inTurn += 1;
      },
      onWarning: () => {},
    });
    try {
      // Nothing is read meanwhile: the event loop stands still.
      const operations = `repeat ${CONNECTIONS} tcp4 connect 127.0.0.1 1 close`.split(' ');
      const place = { cgroup: sandbox.cgroup, namespace: sandbox.namespaces.inside };
      const [command, ...args] = placed([peerProgram(), ...operations], place);
      execFileSync(command, args, { stdio: 'pipe' });
      expect(seen).toBeLessThan(RECORDS);
      await eventually(
        () => seen === RECORDS,
        () => `${RECORDS} records, ${seen} came`,
      );
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(MOST_IN_A_TURN);
    } finally {
      await capture.stop();
    }
  });
});
