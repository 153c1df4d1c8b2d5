/**
 * A process with threads of every kind that calls the addon, for tests: node privileges-child.ts USER KEEP...
 * USER `-` stays. Prints, as JSON, what each of its threads is afterwards, and what it could still do.
 */
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { loadAddon } from '../../src/capture/addon.ts';
import { threadsOf } from './threads.ts';

const [user = '-', ...keep] = process.argv.slice(2);
const busy = 'for (;;) Math.random()';
const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => {})", {
  eval: true,
});
const busyWorker = new Worker(busy, { eval: true });
await Promise.all([worker, busyWorker].map((each) => new Promise((resolve) => each.once('online', resolve))));
// The pool of libuv begins with the first file that is read.
await readFile('/etc/hostname');
const addon = loadAddon();
const identity = user === '-' ? undefined : addon.switchUser(user);
const capabilitiesLeft = /CapEff:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
const told = addon.limitCapabilities(keep.map(Number));
const late = new Worker("require('node:worker_threads').parentPort.once('message', () => {})", {
  eval: true,
});
await new Promise((resolve) => late.once('online', resolve));

function refused(call: () => void): string {
  try {
    call();
    return 'allowed';
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
const attempts = {
  root: refused(() => addon.switchUser('root')),
  shadow: refused(() => openSync('/etc/shadow', 'r')),
  write: refused(() => writeFileSync('/etc/telegen-test', '')),
};
const pool = await readFile('/etc/shadow', 'utf8').then(
  () => 'allowed',
  (error: NodeJS.ErrnoException) => String(error.code),
);
const threads = threadsOf(process.pid);
process.stdout.write(
  JSON.stringify({ identity, told, capabilitiesLeft, attempts: { ...attempts, pool }, threads }),
);
process.exit(0);
