import { expect, test } from 'vitest';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { enriched } from '../../src/pipeline/enriched.ts';
import { connection } from '../detectors/events.ts';

const owner = { pid: 7, parentPid: 1, uid: 0, startNs: 1, execId: 1, comm: 'p', cgroupId: 1 };
const processes = {
  observe: () => undefined,
  seed: () => undefined,
  resolve: () => ({ pid: 7, key: '7:1', name: 'p', ancestors: [] }),
  workloadOf: () => undefined,
  size: () => ({ programs: 0, chars: 0 }),
};

test('a connection keeps all that the kernel side told', () => {
  const raw: ConnectionEvent = {
    ...connection({ phase: 'closed' }),
    owner,
    handshakeRttUs: 120,
    errno: 104,
    isListed: true,
    spoken: 'ssh',
    isUnrecognised: true,
  };
  const event = enriched(raw, { processes });
  // `process` and `workload` are what enrichment is for.
  const { process: _process, workload: _workload, ...told } = raw;
  expect(event).toMatchObject(told);
});
