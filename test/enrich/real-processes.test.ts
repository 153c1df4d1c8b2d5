import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, realpathSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ClockReading } from '../../src/enrich/clocks.ts';
import { ticksToMonotonicNs } from '../../src/enrich/clocks.ts';
import { createHostFiles, createProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable } from '../../src/enrich/process-table.ts';
import { seedEntries } from '../../src/enrich/seed.ts';
import { createUserNames } from '../../src/enrich/users.ts';
import type { Owner } from '../../src/model/process.ts';
import { execOf, scratchFolder } from './fake-proc.ts';

const procfs = createProcReader();

function readClocks(): ClockReading {
  return {
    epochMs: Date.now(),
    monotonicNs: Number(process.hrtime.bigint()),
    boottimeNs: procfs.uptimeNs() ?? 0,
  };
}

function setUp() {
  const clocks = readClocks();
  const table = createProcessTable({
    procfs,
    clocks,
    userName: createUserNames({ files: createHostFiles() }),
  });
  return { clocks, table };
}

/** Starts a child, and waits until it runs the program called `comm`. */
async function start(
  comm: string,
  file: string,
  args: readonly string[],
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(file, args, { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid as number;
  await until(() => procfs.stat(pid)?.comm === comm);
  return Object.assign(child, { pid });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** What the kernel side would say of a running process. */
function ownerOf(pid: number, clocks: ClockReading, fields: Partial<Owner> = {}): Owner {
  const stat = procfs.stat(pid);
  if (stat === undefined) throw new Error(`no process ${pid}`);
  const startNs = ticksToMonotonicNs(stat.startTicks, clocks) + 9e6;
  const uid = procfs.userId(pid) ?? -1;
  return { pid, parentPid: stat.parentPid, uid, startNs, execId: 0, comm: stat.comm, cgroupId: 0, ...fields };
}

function childrenOf(pid: number): readonly number[] {
  return procfs.listProcesses().filter((other) => procfs.stat(other)?.parentPid === pid);
}

const SLEEP = realpathSync('/bin/sleep');

it('resolves a child that nothing was recorded of', async () => {
  const { clocks, table } = setUp();
  const child = await start('sleep', '/bin/sleep', ['1000']);
  const who = ownerOf(child.pid, clocks);
  const found = table.resolve(who, Date.now());
  expect(found).toMatchObject({
    pid: child.pid,
    parentPid: process.pid,
    name: realpathSync('/bin/sleep').split('/').pop(),
    executablePath: SLEEP,
    commandLine: '/bin/sleep 1000',
    userId: process.getuid?.(),
  });
  expect(found.ancestors[0]).toBe(process.execPath);
  expect(found.ancestors.length).toBeLessThanOrEqual(8);
  expect(Math.abs((found.startTimeMs ?? 0) - Date.now())).toBeLessThan(600_000);
  await ended(child);
  expect(table.resolve(who, Date.now())).toEqual(found);
});

it('says nothing of a child that ended before it was asked for', async () => {
  const { clocks, table } = setUp();
  const child = await start('sleep', '/bin/sleep', ['1000']);
  const who = ownerOf(child.pid, clocks);
  await ended(child);
  await until(() => procfs.stat(child.pid) === undefined);
  const found = table.resolve(who, Date.now());
  expect(found).toMatchObject({ pid: child.pid, name: 'sleep' });
  expect(found).not.toHaveProperty('executablePath');
});

it('does not take a running process for an earlier one of its pid', async () => {
  const { clocks, table } = setUp();
  const child = await start('sleep', '/bin/sleep', ['1000']);
  const now = ownerOf(child.pid, clocks);
  expect(table.resolve({ ...now, startNs: now.startNs - 5e9 }, Date.now())).not.toHaveProperty(
    'executablePath',
  );
});

it('does not take the program that a process runs now for the one it ran', async () => {
  const { clocks, table } = setUp();
  const child = await start('sleep', '/bin/sh', ['-c', 'exec sleep 1000']);
  const before = ownerOf(child.pid, clocks, { comm: 'sh' });
  expect(table.resolve(before, Date.now())).not.toHaveProperty('executablePath');
});

it('names the file of a program that has deleted itself, and masks its secrets', async () => {
  const { clocks, table } = setUp();
  const file = join(scratchFolder(), 'payload');
  copyFileSync(SLEEP, file);
  chmodSync(file, 0o755);
  const child = await start('sh', '/bin/sh', ['-c', `${file} 1000 & wait`, 'sh', '--password=hunter2']);
  let payload = 0;
  await until(() => {
    payload = childrenOf(child.pid).find((pid) => procfs.stat(pid)?.comm === 'payload') ?? 0;
    return payload > 0;
  });
  onTestFinished(() => void process.kill(payload, 'SIGKILL'));
  unlinkSync(file);
  expect(table.resolve(ownerOf(payload, clocks), Date.now()).executablePath).toBe(file);
  expect(JSON.stringify(table.resolve(ownerOf(child.pid, clocks), Date.now()))).not.toContain('hunter2');
});

it('finds the ancestors of an exec whose parent is a subshell', async () => {
  const { clocks, table } = setUp();
  const child = await start('sh', '/bin/sh', ['-c', '(sleep 1000; true); true']);
  let sleeper = 0;
  await until(() => {
    const [subshell] = childrenOf(child.pid);
    sleeper = (subshell !== undefined ? childrenOf(subshell)[0] : undefined) ?? 0;
    return sleeper > 0 && procfs.stat(sleeper)?.comm === 'sleep';
  });
  onTestFinished(() => void process.kill(sleeper, 'SIGKILL'));
  table.observe(
    execOf(ownerOf(sleeper, clocks, { execId: 5 }), { filename: SLEEP, args: ['sleep', '1000'] }),
  );
  const shell = realpathSync('/bin/sh');
  const found = table.resolve(ownerOf(sleeper, clocks, { execId: 5 }), Date.now());
  expect(found.ancestors.slice(0, 3)).toEqual([shell, shell, process.execPath]);
});

it('seeds from the running processes', async () => {
  const { clocks, table } = setUp();
  const child = await start('sleep', '/bin/sleep', ['1000']);
  const entries = seedEntries(procfs, { clocks });
  const entry = entries.find(({ pid }) => pid === child.pid);
  expect(entry).toMatchObject({
    parentPid: process.pid,
    exe: SLEEP,
    args: ['/bin/sleep', '1000'],
    comm: 'sleep',
  });
  expect(new Set(entries.map(({ execId }) => execId)).size).toBe(entries.length);
  table.seed(entries);
  await ended(child);
  const { startNs = 0, execId = 0 } = entry ?? {};
  const who: Owner = {
    pid: child.pid,
    parentPid: process.pid,
    uid: 0,
    startNs,
    execId,
    comm: 'sleep',
    cgroupId: 0,
  };
  expect(table.resolve(who, Date.now())).toMatchObject({
    executablePath: SLEEP,
    commandLine: '/bin/sleep 1000',
  });
  expect(table.resolve(who, Date.now()).ancestors[0]).toBe(process.execPath);
});

it('agrees with /proc on its own cgroup', () => {
  expect(procfs.cgroup(process.pid)).toBe(readFileSync('/proc/self/cgroup', 'utf8'));
});
