import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ADDON = file('../../src/capture/addon.ts');

const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(`the addon’s life ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(() => sandbox.endPrograms());
  afterAll(() => sandbox?.close());

  /** Programs of the kernel that are attached to the sandbox; the kernel lets go of a dead process's in its own time. */
  async function expectDetached(): Promise<void> {
    let left = '';
    for (let tries = 0; left !== '0\n' && tries < 100; tries++)
      left = await sandbox.peer(`attached ${sandbox.cgroup}`, { cgroup: 'none' }).end();
    expect(left).toBe('0\n');
  }

  const STAGES: [stage: string, exit: string][] = [
    ['return at once', '0'],
    ['loaded addon', '0'],
    ['opened', '0'],
    ['loaded', '0'],
    ['attached', '0'],
    ['made reader', '0'],
    ['started reader', '0'],
    ['stop and exit', '0'],
    ['detach while reading', '0'],
    ['drain in stopped', '0'],
    ['stop in callback', '0'],
    ['close object in callback', '0'],
    ['stop mid-stream', '0'],
    ['never release', '0'],
    ['exit in callback', '7'],
    ['exit in stopped', '8'],
    ['uncaught throw', '1'],
    ['throw in callback', '1'],
    ['abort by hand', 'SIGTERM'],
  ];
  it.each(STAGES)('a process that ends at "%s" ends with %s', async (stage, exit) => {
    const program = sandbox.start([process.execPath, file('./stages.ts'), stage, sandbox.cgroup]);
    const ended = await program.ended();
    expect(ended.exit, ended.errors).toBe(exit);
    await expectDetached();
  });

  describe('in a worker thread', () => {
    async function startWorker(
      leaveOpen: boolean,
    ): Promise<{ worker: Worker; received: () => number; errors: unknown[] }> {
      const worker = new Worker(file('./worker.ts'), { workerData: { cgroup: sandbox.cgroup, leaveOpen } });
      const errors: unknown[] = [];
      let received = 0;
      worker.on('error', (error) => errors.push(error));
      await once(worker, 'message');
      worker.on('message', (message: { received?: number }) => {
        received = message.received ?? received;
      });
      return { worker, received: () => received, errors };
    }
    const talk = (): unknown => sandbox.peer('repeat 1000000 udp4 sendto 127.0.0.1 9 1 close');

    it('reads, stops and ends', async () => {
      const { worker, received, errors } = await startWorker(false);
      talk();
      await eventually(() => received() > 0, 'records');
      const exit = once(worker, 'exit');
      worker.postMessage('stop');
      expect(await exit).toEqual([0]);
      expect(errors).toEqual([]);
      await expectDetached();
    });

    it('is terminated in the middle of the stream, ten times', async () => {
      talk();
      for (let i = 0; i < 10; i++) {
        const { worker, received, errors } = await startWorker(false);
        await eventually(() => received() > 0, 'records');
        await worker.terminate();
        expect(errors).toEqual([]);
      }
      await expectDetached();
    });

    it('ends by process.exit() with everything open', async () => {
      const { worker, received } = await startWorker(true);
      talk();
      await eventually(() => received() > 0, 'records');
      const exit = once(worker, 'exit');
      worker.postMessage('exit');
      expect(await exit).toEqual([3]);
      await expectDetached();
    });

    it('two at once, beside the main thread', async () => {
      const workers = [await startWorker(false), await startWorker(false)];
      talk();
      for (const { received } of workers) await eventually(() => received() > 0, 'records');
      for (const { worker } of workers) await worker.terminate();
      await expectDetached();
    });
  });

  it('what is forgotten without close() is closed by the garbage collector', () => {
    const script = `
      import { readdirSync } from 'node:fs';
      import { BUILD_DIR, loadAddon } from ${JSON.stringify(ADDON)};
      const addon = loadAddon();
      const openFiles = () => readdirSync('/proc/self/fd').length;
      const forget = () => {
        const object = new addon.BpfObject(BUILD_DIR + '/bpf/core.bpf.o');
        object.resizeMap('tg_events', 4096);
        object.load();
        new addon.RingReader(object, 'tg_events', 4096, [new ArrayBuffer(4096)]);
      };
      const before = openFiles();
      for (let i = 0; i < 10; i++) forget();
      const forgotten = openFiles();
      const deadline = Date.now() + 20_000;
      while (openFiles() > before && Date.now() < deadline) {
        globalThis.gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      // Before standard output is touched: that opens a file, too.
      const left = openFiles() - before;
      process.stdout.write(JSON.stringify({ grew: forgotten > before, left }));
    `;
    const args = ['--expose-gc', '--input-type=module', '--eval', script];
    expect(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))).toEqual({
      grew: true,
      left: 0,
    });
  });
});
