import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openLiveCapture } from '../../src/capture/live/live-capture.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import type { Program } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const CAPTURE_CHILD = fileURLToPath(new URL('../support/capture-child.ts', import.meta.url));
const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(`life of a capture ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch | undefined;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await watch?.stop();
    watch = undefined;
  });
  afterAll(() => sandbox?.close());

  const attached = async (): Promise<number> =>
    Number(await sandbox.peer(`attached ${sandbox.cgroup}`, { cgroup: 'none' }).end());
  const openFiles = (): number => readdirSync('/proc/self/fd').length;
  const captureChild = async (...mode: string[]): Promise<Program> => {
    const child = sandbox.start([process.execPath, CAPTURE_CHILD, sandbox.cgroup, ...mode], {
      cgroup: 'none',
      namespace: 'host',
    });
    expect(await child.line()).toBe('ready');
    return child;
  };

  it('every hook is served by its best program on this kernel', () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    expect(watch.capture.hooks.filter((hook) => hook.state !== 'ok')).toEqual([]);
    expect(watch.capture).toMatchObject({ cgroup: sandbox.cgroup, isWholeHost: false });
  });

  it('stop() delivers what has happened, to the last record', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    await sandbox.peer('repeat 500 tcp4 connect 127.0.0.1 9 close').end();
    await watch.stop();
    expect(watch.connections.filter((event) => event.phase === 'attempted')).toHaveLength(500);
    expect(watch.story()).toEqual(Array.from({ length: 500 }, () => ['attempted', 'failed:refused']).flat());
    expect(watch.processes.map((event) => event.action)).toEqual(['exec', 'exit']);
  });

  it('stop() detaches everything, and may be repeated', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    expect(await attached()).toBeGreaterThan(5);
    await Promise.all([watch.stop(), watch.stop()]);
    await watch.stop();
    expect(await attached()).toBe(0);
    await sandbox.peer('tcp4 connect 127.0.0.1 9').end();
    expect(watch.connections).toEqual([]);
  });

  it('a connection that outlives the capture is left alone', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port accept recv 5 send 5 eof close');
    const client = sandbox.peer(
      `tcp4 connect 127.0.0.1 ${await server.number()} say connected wait send 5 recv 5 close`,
    );
    await client.line();
    await watch.connection('an accept', (event) => event.phase === 'accepted');
    await watch.stop();
    // Its callbacks are still switched on; a later capture must not mistake it for one of its own.
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    client.go();
    await Promise.all([client.end(), server.end()]);
    await watch.caughtUp();
    expect(watch.connections).toEqual([]);
  });

  it('50 captures, one after the other, leave no file open', async () => {
    await watchCgroup({ cgroup: sandbox.cgroup }).stop();
    const before = openFiles();
    for (let i = 0; i < 50; i++) await watchCgroup({ cgroup: sandbox.cgroup, ringBufferSize: 4096 }).stop();
    expect(openFiles()).toBe(before);
    expect(await attached()).toBe(0);
  }, 300_000);

  it('a capture that cannot be opened leaves no file open and nothing attached', async () => {
    const before = openFiles();
    const seedProcesses = (): never => {
      throw new Error('no process table');
    };
    expect(() => watchCgroup({ cgroup: sandbox.cgroup, seedProcesses })).toThrow('no process table');
    expect(() => watchCgroup({ cgroup: `${sandbox.cgroup}/none` })).toThrow(/--cgroup .*no such file/i);
    expect(() => watchCgroup({ cgroup: sandbox.folder })).toThrow(/not a cgroup v2 directory/);
    expect(openFiles()).toBe(before);
    expect(await attached()).toBe(0);
  });

  it('kill -9 leaves nothing attached', async () => {
    const child = await captureChild();
    expect(await attached()).toBeGreaterThan(5);
    await child.kill();
    expect(existsSync(`/proc/${child.pid}`)).toBe(false);
    // The kernel lets go of a dead process's links in its own time.
    let left = await attached();
    for (let tries = 0; left > 0 && tries < 100; tries++) left = await attached();
    expect(left).toBe(0);
  });

  it('a consumer that throws: each error surfaces as uncaught exception, no record is lost', async () => {
    const child = await captureChild('throw');
    await sandbox.peer('repeat 100 tcp4 connect 127.0.0.1 9 close').end();
    child.go();
    const { seen, uncaught, received } = JSON.parse(await child.line());
    await child.end();
    expect({ seen, uncaught, received }).toEqual({ seen: 202, uncaught: 202, received: 202 });
  });

  it('stop() from within the consumer', async () => {
    const seen: string[] = [];
    const capture = openLiveCapture({
      cgroupPath: sandbox.cgroup,
      ringBufferSize: 65_536,
      onEvent: (event) => {
        seen.push(event.kind);
        void capture.stop();
      },
      onWarning: (message) => seen.push(message),
    });
    await sandbox.peer('tcp4 connect 127.0.0.1 9').end();
    await eventually(() => seen.length > 0, 'an event');
    await capture.stop();
    expect(await attached()).toBe(0);
    expect(new Set(seen)).toEqual(new Set(['process', 'connection']));
  });
});
