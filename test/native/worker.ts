/**
 * A worker thread with an addon of its own: reads the ring of a cgroup's datagrams until it is told to stop, or is
 * terminated. `workerData`: cgroup, and whether to keep everything open at the end.
 */
import { closeSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { BUILD_DIR, loadAddon } from '../../src/capture/addon.ts';

const { cgroup, leaveOpen } = workerData as { cgroup: string; leaveOpen: boolean };
const RING_BYTES = 65_536;

const addon = loadAddon();
const object = new addon.BpfObject(`${BUILD_DIR}/bpf/core.bpf.o`);
object.resizeMap('tg_events', RING_BYTES);
object.load();
const directory = openSync(cgroup, 'r');
object.attachCgroup('tg_egress', directory);
closeSync(directory);
const slabs = Array.from({ length: 4 }, () => new ArrayBuffer(4096));
const reader = new addon.RingReader(object, 'tg_events', RING_BYTES, slabs);
let received = 0;
reader.start(
  (slab, bytes) => {
    received += bytes;
    parentPort?.postMessage({ received });
    reader.release(slab);
  },
  () => {
    object.close();
    parentPort?.postMessage({ stopped: true });
    parentPort?.close();
  },
);
parentPort?.on('message', () => {
  if (leaveOpen) process.exit(3);
  reader.stop();
});
parentPort?.postMessage({ ready: true });
