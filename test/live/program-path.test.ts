import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable, type ProcessTable } from '../../src/enrich/process-table.ts';
import type { ConnectionEvent, ProcessEvent } from '../../src/model/event.ts';
import type { Process } from '../../src/model/process.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { peerProgram, placed } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { mountTracefs } from '../support/tracefs.ts';

const skip = whyNoSandbox();
const procfs = createProcReader();
const PROGRAM = 'a-long-name-of-a-program';
/** A place that an allowlist may trust, and the way from there to the root. */
const TRUSTED = '/usr/lib/../..';

function createTable(): ProcessTable {
  const clocks = {
    epochMs: Date.now(),
    monotonicNs: Number(process.hrtime.bigint()),
    boottimeNs: procfs.uptimeNs() ?? 0,
  };
  return createProcessTable({ procfs, clocks, userName: () => undefined });
}

describe.skipIf(skip !== undefined)(`where a program lies ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;
  let table: ProcessTable;
  const told: Process[] = [];

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    told.length = 0;
    await sandbox.endPrograms();
    await watch?.stop();
  });
  afterAll(() => sandbox?.close());

  /** Asks the table as the agent does: in the order of the records. */
  function observe(event: ProcessEvent | ConnectionEvent): void {
    if (event.kind === 'process') table.observe(event);
    else if (event.phase === 'attempted' && event.owner !== undefined)
      told.push(table.resolve(event.owner, event.timeMs));
  }

  function start(extra: boolean): void {
    table = createTable();
    watch = watchCgroup({ cgroup: sandbox.cgroup, extra, onEvent: observe });
  }

  /** A copy of the peer in as many folders of this name. */
  function bury(depth: number, name: string): string {
    const folder = `${sandbox.folder}/${Array(depth).fill(name).join('/')}`;
    const file = `${folder}/${PROGRAM}`;
    mkdirSync(folder, { recursive: true });
    copyFileSync(peerProgram(), file);
    chmodSync(file, 0o755);
    return file;
  }

  const TRY = ['tcp4', 'connect', '127.0.0.1', '9'];
  const LINGER = ['say', 'ready', 'wait'];

  /** What is told of a program that lives when its records are read, or has gone by then. */
  async function tell(argv: readonly string[], isAlive: boolean): Promise<Process | undefined> {
    if (isAlive) {
      const program = sandbox.start([...argv, ...TRY, ...LINGER]);
      while ((await program.line()) !== 'ready');
    } else {
      // No record is read meanwhile.
      const place = { cgroup: sandbox.cgroup, namespace: sandbox.namespaces.inside };
      const [command, ...args] = placed([...argv, ...TRY], place);
      execFileSync(command, args, { stdio: 'pipe' });
    }
    await watch.connection('an attempt', (event) => event.phase === 'attempted');
    return told[0];
  }

  it.each([
    ['of 60 folders', 58, 'd'],
    ['of long names', 1, 'n'.repeat(200)],
  ])('a path %s is read whole, whatever it was started by', async (_title, depth, name) => {
    start(true);
    const file = bury(depth, name);
    expect((await tell([`${TRUSTED}${file}`], false))?.executablePath).toBe(file);
  });

  it.each([
    ['deeper than 64 folders', 64, 'd', ''],
    ['longer than a record', 5, 'n'.repeat(200), ''],
    ['deeper, by a name of its own choice', 64, 'd', TRUSTED],
    ['longer, by a name that is cut', 5, 'n'.repeat(200), TRUSTED],
  ])('a path that is %s comes from /proc, or is not told', async (_title, depth, name, prefix) => {
    start(true);
    const file = bury(depth, name);
    expect(await tell([`${prefix}${file}`], true)).toMatchObject({
      executablePath: file,
      name: PROGRAM,
    });
    await watch.stop();
    told.length = 0;
    start(true);
    const gone = await tell([`${prefix}${file}`], false);
    expect(gone?.name).toBe(PROGRAM.slice(0, 15));
    expect(gone).not.toHaveProperty('executablePath');
  });

  it('a deep program that was started by a relative name', async () => {
    start(true);
    const file = bury(64, 'd');
    const script = `cd ${file.slice(0, file.lastIndexOf('/'))} && exec "$@"`;
    const argv = ['sh', '-c', script, 'sh', `./${PROGRAM}`];
    expect((await tell(argv, true))?.executablePath).toBe(file);
  });

  it('without BTF, a detour and a name that was cut are no path', async () => {
    const unmount = mountTracefs();
    try {
      for (const file of [bury(1, 'd'), bury(5, 'n'.repeat(200))]) {
        told.length = 0;
        start(false);
        const gone = await tell([`${TRUSTED}${file}`], false);
        expect(gone?.name).toBe(PROGRAM.slice(0, 15));
        expect(gone).not.toHaveProperty('executablePath');
        await watch.stop();
      }
    } finally {
      unmount();
    }
  });

  it('a process whose main thread has ended is looked up by another', async () => {
    const peer = sandbox.peer('alone say ready wait');
    await peer.line();
    const stat = (): string => readFileSync(`/proc/${peer.pid}/stat`, 'utf8');
    await eventually(() => /\) Z /.test(stat()), 'the end of the main thread');
    expect(procfs.executable(peer.pid)).toBe(peerProgram());
    expect(procfs.commandLine(peer.pid)?.[0]).toBe(peerProgram());
    peer.go();
    await peer.end();
  });
});
