/**
 * A process that ends at a given stage of the addon's life: node stages.ts STAGE [CGROUP].
 * Every stage must end with the exit code that the test expects, and with no signal.
 */

import { createSocket } from 'node:dgram';
import { closeSync, openSync } from 'node:fs';
import { BUILD_DIR, loadAddon } from '../../src/capture/addon.ts';

const [stage = '', cgroup = ''] = process.argv.slice(2);
const RING_BYTES = 65_536;
let flooding = true;

const addon = loadAddon();
const endAt = (name: string): void => {
  if (stage === name) process.exit(0);
};

endAt('loaded addon');
if (stage === 'return at once') void addon.layout();
else run();

function run(): void {
  const object = new addon.BpfObject(`${BUILD_DIR}/bpf/core.bpf.o`);
  endAt('opened');
  object.resizeMap('tg_events', RING_BYTES);
  for (const { name, section } of object.programs())
    object.setAutoload(name, !section.startsWith('tracepoint'));
  object.load();
  endAt('loaded');
  const directory = openSync(cgroup, 'r');
  for (const name of ['tg_egress', 'tg_sendmsg4']) object.attachCgroup(name, directory);
  closeSync(directory);
  endAt('attached');
  const slabs = Array.from({ length: 4 }, () => new ArrayBuffer(4096));
  const reader = new addon.RingReader(object, 'tg_events', RING_BYTES, slabs);
  endAt('made reader');
  let batches = 0;
  reader.start(
    (slab) => {
      batches++;
      if (stage === 'exit in callback') process.exit(7);
      if (stage === 'throw in callback')
        queueMicrotask(() => {
          throw new Error('on purpose');
        });
      if (stage === 'abort by hand') process.kill(process.pid, 'SIGTERM');
      if (stage === 'never release') return;
      reader.release(slab);
      if (stage === 'stop in callback') reader.stop();
      if (stage === 'close object in callback') {
        object.close();
        reader.stop();
      }
      if (stage === 'stop mid-stream' && batches === 3) reader.stop();
    },
    () => {
      if (stage === 'exit in stopped') process.exit(8);
      if (stage === 'drain in stopped') while (reader.drain() > 0);
      flooding = false;
      object.close();
    },
  );
  endAt('started reader');
  if (stage === 'exit in stopped' || stage === 'drain in stopped') reader.stop();
  else if (stage === 'stop and exit') {
    reader.stop();
    process.exit(0);
  } else if (stage === 'uncaught throw') throw new Error('on purpose');
  else if (stage === 'detach while reading') {
    object.detach();
    reader.stop();
  } else flood(stage === 'never release' ? 400 : Number.POSITIVE_INFINITY);
}

/** Datagrams to nobody: a record each. */
function flood(count: number): void {
  const next = (left: number): void => {
    if (left === 0) process.exit(0);
    if (!flooding) return;
    const socket = createSocket('udp4');
    socket.send('x', 9, '127.0.0.1', () => {
      socket.close();
      setImmediate(next, left - 1);
    });
    socket.unref();
  };
  next(count);
}
