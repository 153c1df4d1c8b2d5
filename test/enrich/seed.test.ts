import { describe, expect, it } from 'vitest';
import { createProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable } from '../../src/enrich/process-table.ts';
import { type SeedEntry, seedEntries } from '../../src/enrich/seed.ts';
import { atMs, atNs, CLOCKS, createFakeProc, execOf, owner } from './fake-proc.ts';

const ID = '3f2a'.repeat(16);

function setUp() {
  const proc = createFakeProc();
  const procfs = createProcReader(proc.root);
  const table = createProcessTable({ procfs, clocks: CLOCKS, userName: () => undefined });
  proc.put({
    pid: 1,
    parentPid: 0,
    comm: 'systemd',
    start: 0,
    uid: 0,
    exe: '/usr/lib/systemd/systemd',
    cmdline: '/sbin/init\0',
  });
  proc.put({ pid: 2, parentPid: 0, comm: 'kthreadd', start: 0, uid: 0 });
  proc.put({
    pid: 30,
    parentPid: 1,
    comm: 'shim',
    start: 10,
    exe: '/usr/bin/shim',
    cmdline: 'shim\0',
    cgroup: '0::/system.slice\n',
  });
  proc.put({
    pid: 31,
    parentPid: 30,
    comm: 'app',
    start: 20.5,
    uid: 33,
    exe: '/app (deleted)',
    cmdline: 'app\0--token=hunter2\0-v\0',
    cgroup: `0::/docker/${ID}\n`,
  });
  return { proc, procfs, table };
}

/** As the kernel side would store it, once given the entry. */
const ownerOf = (entry: SeedEntry) => owner({ ...entry, cgroupId: 77 });

describe('seedEntries', () => {
  it('describes the running processes', () => {
    const entries = seedEntries(setUp().procfs, { clocks: CLOCKS });
    expect(entries.map((entry) => entry.pid).sort((a, b) => a - b)).toEqual([1, 2, 30, 31]);
    const app = entries.find((entry) => entry.pid === 31);
    expect(app).toMatchObject({
      parentPid: 30,
      uid: 33,
      startNs: atNs(20.5),
      exe: '/app',
      comm: 'app',
      container: { containerId: ID },
    });
    expect(app?.args).toHaveLength(3);
    expect(app?.args.join()).not.toContain('hunter2');
    expect(entries.find((entry) => entry.pid === 2)).toMatchObject({ exe: undefined, args: [] });
  });

  it('takes sleep into account', () => {
    const clocks = { ...CLOCKS, boottimeNs: CLOCKS.boottimeNs + 10e9 };
    const entries = seedEntries(setUp().procfs, { clocks });
    expect(entries.find((entry) => entry.pid === 31)?.startNs).toBe(atNs(10.5));
  });

  it('gives every process an exec id of its own that no counter reaches', () => {
    const { proc, procfs } = setUp();
    for (let pid = 1000; pid < 1200; pid += 1) proc.put({ pid, comm: 'x', start: 5e7 });
    proc.put({ pid: 4_194_303, comm: 'x', start: 1e7 });
    const ids = seedEntries(procfs, { clocks: CLOCKS }).map((entry) => entry.execId);
    expect(new Set(ids).size).toBe(205);
    for (const id of ids) {
      expect(Number.isSafeInteger(id)).toBe(true);
      expect(id).toBeGreaterThanOrEqual(2 ** 52);
    }
  });

  it.each([
    ['/system.slice', [30]],
    ['/system.slice/', [30]],
    ['/system', []],
    ['/docker', [31]],
    ['/', [1, 2, 30, 31]],
  ])('keeps to the processes under %s', (under, expected) => {
    const pids = seedEntries(setUp().procfs, { clocks: CLOCKS, under }).map((entry) => entry.pid);
    expect(pids.sort((a, b) => a - b)).toEqual(expected);
  });

  it('leaves out a process that vanishes or changes while it is read', () => {
    for (const change of ['kill', 'replace', 'exec']) {
      const { proc, procfs } = setUp();
      const userId = (pid: number) => {
        const uid = procfs.userId(pid);
        if (change === 'kill') proc.kill(31);
        if (change === 'replace') proc.put({ pid: 31, comm: 'app', start: 999 });
        if (change === 'exec') proc.put({ pid: 31, comm: 'other', start: 20.5 });
        return uid;
      };
      const pids = seedEntries({ ...procfs, listProcesses: () => [31, 1], userId }, { clocks: CLOCKS });
      expect(pids.map((entry) => entry.pid)).toEqual([1]);
    }
  });
});

describe('a seeded table', () => {
  it('knows processes that are older than telegen, after they have gone', () => {
    const { proc, procfs, table } = setUp();
    const entries = seedEntries(procfs, { clocks: CLOCKS });
    table.seed(entries);
    for (const { pid } of entries) proc.kill(pid);
    const app = entries.find((entry) => entry.pid === 31) as SeedEntry;
    const process = table.resolve(ownerOf(app), atMs(2000));
    expect(process).toMatchObject({ executablePath: '/app', startTimeMs: atMs(20.5), userId: 33 });
    expect(process.commandLine).toMatch(/^app .* -v$/);
    expect(process.ancestors).toEqual(['/usr/bin/shim', '/usr/lib/systemd/systemd']);
    expect(table.workloadOf(ownerOf(app), atMs(2000))).toEqual({ containerId: ID });
  });

  it('gives new processes their ancestors', () => {
    const { procfs, table } = setUp();
    table.seed(seedEntries(procfs, { clocks: CLOCKS }));
    const child = owner({ pid: 99, parentPid: 31, startNs: atNs(1001), execId: 1 });
    table.observe(execOf(child, { filename: '/bin/sh', args: ['sh'] }));
    expect(table.resolve(child, atMs(1002)).ancestors).toEqual([
      '/app',
      '/usr/bin/shim',
      '/usr/lib/systemd/systemd',
    ]);
  });

  it('finds ancestors outside the cgroup in /proc', () => {
    const { procfs, table } = setUp();
    const [app] = seedEntries(procfs, { clocks: CLOCKS, under: '/docker' });
    table.seed(app === undefined ? [] : [app]);
    const ancestors = table.resolve(ownerOf(app as SeedEntry), atMs(2000)).ancestors;
    expect(ancestors).toEqual(['/usr/bin/shim', '/usr/lib/systemd/systemd']);
  });

  it('does not overwrite what a record has said meanwhile', () => {
    const { procfs, table } = setUp();
    const newer = owner({ pid: 31, parentPid: 30, startNs: atNs(25), execId: 7, comm: 'new' });
    table.observe(execOf(newer, { filename: '/new', args: ['new'] }));
    table.seed(seedEntries(procfs, { clocks: CLOCKS }));
    const child = owner({ pid: 99, parentPid: 31, startNs: atNs(1001), execId: 8 });
    table.observe(execOf(child, { filename: '/bin/sh', args: ['sh'] }));
    expect(table.resolve(child, atMs(1002)).ancestors[0]).toBe('/new');
  });
});
