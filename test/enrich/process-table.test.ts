import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable, type ProcessTableOptions } from '../../src/enrich/process-table.ts';
import { atMs, atNs, CLOCKS, createFakeProc, execOf, exitOf, makeFile, owner } from './fake-proc.ts';

function setUp(options: Partial<ProcessTableOptions> = {}) {
  const proc = createFakeProc();
  const userName = (uid: number) => (uid === 1000 ? 'alice' : undefined);
  const table = createProcessTable({
    procfs: createProcReader(proc.root),
    clocks: CLOCKS,
    userName,
    ...options,
  });
  return { proc, table };
}

const systemd = owner({ pid: 1, parentPid: 0, uid: 0, startNs: atNs(1), execId: 1, comm: 'systemd' });
const sshd = owner({ pid: 300, parentPid: 1, uid: 0, startNs: atNs(50), execId: 50, comm: 'sshd' });
const bash = owner({ pid: 400, parentPid: 300, startNs: atNs(100), execId: 100, comm: 'bash' });
const curl = owner({ pid: 500, parentPid: 400, startNs: atNs(200), execId: 200, comm: 'curl' });
const ARGS = ['x'];

/** A session: systemd, sshd, bash, curl, all seen at exec. */
function withSession(options: Partial<ProcessTableOptions> = {}) {
  const set = setUp(options);
  set.table.observe(execOf(systemd, { filename: '/usr/lib/systemd/systemd', args: ARGS }));
  set.table.observe(execOf(sshd, { filename: '/usr/sbin/sshd', args: ['sshd', '-D'] }));
  set.table.observe(
    execOf(bash, { filename: '/bin/bash', executablePath: '/usr/bin/bash', args: ['-bash'] }),
  );
  set.table.observe(execOf(curl, { filename: '/usr/bin/curl', args: ['curl', '-s', 'http://example.com/'] }));
  return set;
}

describe('a process seen at exec', () => {
  it('is fully known after it has gone', () => {
    const { table } = withSession();
    table.observe(exitOf(curl, 200.005));
    expect(table.resolve(curl, atMs(200.01))).toEqual({
      pid: 500,
      key: '500:200000000000',
      parentPid: 400,
      parentCommandLine: '-bash',
      name: 'curl',
      executablePath: '/usr/bin/curl',
      commandLine: 'curl -s http://example.com/',
      startTimeMs: atMs(200),
      userId: 1000,
      userName: 'alice',
      ancestors: ['/usr/bin/bash', '/usr/sbin/sshd', '/usr/lib/systemd/systemd'],
    });
  });

  it('keeps its program after its pid was given to another', () => {
    const { table, proc } = withSession();
    table.observe(exitOf(curl, 201));
    const other = owner({ pid: 500, startNs: atNs(300), execId: 300, comm: 'wget' });
    table.observe(execOf(other, { filename: '/usr/bin/wget', args: ARGS }));
    proc.put({ pid: 500, comm: 'wget', start: 300, exe: '/usr/bin/wget' });
    expect(table.resolve(curl, atMs(301)).executablePath).toBe('/usr/bin/curl');
    expect(table.resolve(other, atMs(301)).executablePath).toBe('/usr/bin/wget');
    expect(table.resolve(curl, atMs(301)).key).not.toBe(table.resolve(other, atMs(301)).key);
  });

  it('keeps the earlier program when it calls exec again', () => {
    const { table } = withSession();
    const again = { ...bash, startNs: atNs(150), execId: 150, comm: 'python3' };
    table.observe(execOf(again, { filename: '/usr/bin/python3', args: ['python3', 'x.py'] }));
    expect(table.resolve(bash, atMs(160)).executablePath).toBe('/usr/bin/bash');
    expect(table.resolve(again, atMs(160)).commandLine).toBe('python3 x.py');
  });

  it('has its secrets masked', () => {
    const { table } = setUp();
    table.observe(
      execOf(curl, { filename: '/usr/bin/mysql', args: ['mysql', '--password=hunter2', '-h', 'db'] }),
    );
    expect(table.resolve(curl, atMs(200)).commandLine).toMatch(/^mysql .*-h db$/);
    expect(JSON.stringify(table.resolve(curl, atMs(200)))).not.toContain('hunter2');
  });

  it('has a command line of 4 KiB at most', () => {
    const { table } = setUp();
    table.observe(execOf(curl, { filename: '/bin/x', args: ['x', 'y'.repeat(100_000)] }));
    expect(table.resolve(curl, atMs(200)).commandLine).toHaveLength(4096);
  });
});

describe('the path of an exec record', () => {
  const alive = { pid: 500, parentPid: 400, comm: 'curl', start: 199 };
  it.each([
    [
      'image path first',
      { executablePath: '/usr/bin/bash', filename: '/tmp/script.sh' },
      undefined,
      '/usr/bin/bash',
    ],
    ['else an absolute name', { filename: '/opt/app' }, undefined, '/opt/app'],
    ['relative name, process alive', { filename: './app' }, '/home/alice/app', '/home/alice/app'],
    ['relative name, process gone', { filename: './app' }, undefined, undefined],
    ['image path that is not absolute', { executablePath: 'app', filename: './app' }, undefined, undefined],
    ['no name, process alive', {}, '/home/alice/app', '/home/alice/app'],
    ['run from a descriptor, alive', { filename: '/dev/fd/5' }, '/memfd:x (deleted)', '/memfd:x'],
    ['run from a descriptor, gone', { filename: '/dev/fd/5' }, undefined, undefined],
    ['re-executes itself, alive', { filename: '/proc/self/exe' }, '/usr/bin/runc', '/usr/bin/runc'],
    ['re-executes itself, gone', { filename: '/proc/self/exe' }, undefined, undefined],
    ['run from standard input', { filename: '/dev/stdin' }, undefined, undefined],
    ['has deleted itself', { filename: './x' }, '/tmp/x (deleted)', '/tmp/x'],
    ['a detour, alive', { filename: '/usr/lib/../../tmp/x' }, '/tmp/x', '/tmp/x'],
    ['a detour, gone', { filename: '/usr/lib/../../tmp/x' }, undefined, undefined],
    ['longer than any path', { filename: `/${'x'.repeat(4096)}` }, undefined, undefined],
  ])('%s', (_title, fields, exe, expected) => {
    const { table, proc } = setUp();
    if (exe !== undefined) proc.put({ ...alive, exe });
    table.observe(execOf(curl, { ...fields, args: ARGS }));
    proc.kill(500);
    const process = table.resolve(curl, atMs(201));
    expect(process.executablePath).toBe(expected);
    expect(process.name).toBe(
      expected === undefined ? 'curl' : expected.slice(expected.lastIndexOf('/') + 1),
    );
  });

  it('is not taken from a process that began later or bears another name', () => {
    for (const changed of [{ start: 200.02 }, { comm: 'java' }]) {
      const { table, proc } = setUp();
      proc.put({ ...alive, exe: '/usr/bin/other', cmdline: 'other\0', ...changed });
      table.observe(execOf(curl, { filename: './app' }));
      expect(table.resolve(curl, atMs(201))).not.toHaveProperty('executablePath');
      expect(table.resolve(curl, atMs(201))).not.toHaveProperty('commandLine');
    }
  });

  it('is missed by the name that exec left, whatever the process calls itself later', () => {
    const { table } = setUp();
    table.observe(execOf(curl, { args: ARGS }));
    const process = table.resolve({ ...curl, comm: 'apt' }, atMs(201));
    expect(process.name).toBe('curl');
    expect(process).not.toHaveProperty('executablePath');
  });

  it('leaves missing arguments to /proc', () => {
    const { table, proc } = setUp();
    proc.put({ ...alive, cmdline: 'curl\0-o\0f\0' });
    table.observe(execOf(curl, { filename: '/usr/bin/curl' }));
    expect(table.resolve(curl, atMs(201)).commandLine).toBe('curl -o f');
  });
});

describe('a fork that never calls exec', () => {
  const worker = owner({ ...bash, pid: 450, parentPid: 400, startNs: atNs(120) });

  it('runs the program of its parent', () => {
    const { table } = withSession();
    expect(table.resolve(worker, atMs(121))).toMatchObject({
      pid: 450,
      key: '450:120000000000',
      parentPid: 400,
      executablePath: '/usr/bin/bash',
      startTimeMs: atMs(120),
      ancestors: ['/usr/bin/bash', '/usr/sbin/sshd', '/usr/lib/systemd/systemd'],
    });
  });

  it('is told by its birth, not by what its parent runs now', () => {
    const { table } = withSession();
    table.observe(
      execOf(
        { ...bash, startNs: atNs(130), execId: 130, comm: 'evil' },
        { filename: '/tmp/evil', args: ARGS },
      ),
    );
    table.observe(exitOf(bash, 131));
    expect(table.resolve(worker, atMs(140)).executablePath).toBe('/usr/bin/bash');
    expect(table.resolve({ ...worker, parentPid: 1 }, atMs(140)).ancestors[0]).toBe('/usr/bin/bash');
  });

  it('that was given the pid of the exec’er is still a fork', () => {
    const { table } = withSession();
    table.observe(exitOf(bash, 131));
    expect(table.resolve({ ...worker, pid: 400, startNs: atNs(900) }, atMs(901)).ancestors[0]).toBe(
      '/usr/bin/bash',
    );
  });

  it('does not end the program when it exits', () => {
    const { table } = withSession();
    table.observe(exitOf(worker, 125));
    const child = owner({ pid: 460, parentPid: 400, startNs: atNs(126), execId: 126, comm: 'ls' });
    table.observe(execOf(child, { filename: '/bin/ls', args: ARGS }));
    expect(table.resolve(child, atMs(127)).ancestors[0]).toBe('/usr/bin/bash');
  });
});

describe('a process without an exec record', () => {
  const lost = owner({ pid: 700, parentPid: 400, startNs: atNs(250.004), execId: 250, comm: 'nc' });
  const seen = { pid: 700, parentPid: 400, comm: 'nc', start: 250, exe: '/usr/bin/nc', cmdline: 'nc\0-l\0' };

  it('is looked up in /proc, once', () => {
    const { table, proc } = withSession();
    proc.put(seen);
    const first = table.resolve(lost, atMs(251));
    expect(first).toMatchObject({ executablePath: '/usr/bin/nc', commandLine: 'nc -l', name: 'nc' });
    expect(first.ancestors).toEqual(['/usr/bin/bash', '/usr/sbin/sshd', '/usr/lib/systemd/systemd']);
    proc.kill(700);
    expect(table.resolve(lost, atMs(252))).toEqual(first);
  });

  it.each([
    ['began after it', { start: 250.02 }, {}],
    ['began after the record, start unknown', { start: 260 }, { startNs: 0, execId: 0 }],
    ['has another name: it may have called exec', { comm: 'python3' }, {}],
  ])('is not taken for the process of its pid that %s', (_title, process, fields) => {
    const { table, proc } = setUp();
    proc.put({ ...seen, ...process });
    const got = table.resolve({ ...lost, ...fields }, atMs(251));
    expect(got).toMatchObject({ pid: 700, name: 'nc', userId: 1000, parentPid: 400 });
    expect(got).not.toHaveProperty('executablePath');
    expect(got).not.toHaveProperty('commandLine');
  });

  it('is not taken for a process that takes over its pid while it is looked at', () => {
    for (const change of [{ start: 252 }, { comm: 'python3' }]) {
      const { proc } = setUp();
      const procfs = createProcReader(proc.root);
      const executable = (pid: number) => {
        proc.put({ ...seen, exe: '/tmp/other', ...change });
        return procfs.executable(pid);
      };
      const { table } = setUp({ procfs: { ...procfs, executable } });
      proc.put(seen);
      expect(table.resolve(lost, atMs(251))).not.toHaveProperty('executablePath');
      expect(procfs.executable(700)).toBe('/tmp/other');
    }
  });

  it('is not looked up when its pid is known to run something later', () => {
    const { table, proc } = setUp();
    proc.put(seen);
    table.observe(
      execOf({ ...lost, startNs: atNs(255), execId: 255 }, { filename: '/tmp/later', args: ARGS }),
    );
    for (const fields of [{}, { startNs: 0, execId: 0 }])
      expect(table.resolve({ ...lost, ...fields }, atMs(251))).not.toHaveProperty('executablePath');
  });

  it('is not taken for what its process ran before', () => {
    const { table, proc } = withSession();
    const later = { ...bash, startNs: atNs(250), execId: 250, comm: 'python3' };
    expect(table.resolve(later, atMs(250.5)).name).toBe('python3');
    expect(table.resolve(later, atMs(250.5))).not.toHaveProperty('executablePath');
    const seenLater = { ...later, pid: 600, startNs: atNs(260), execId: 260 };
    proc.put({ pid: 600, parentPid: 300, comm: 'python3', start: 90, exe: '/usr/bin/python3' });
    expect(table.resolve(seenLater, atMs(261)).executablePath).toBe('/usr/bin/python3');
  });

  it('is found by the name of a thread', () => {
    const { table, proc } = setUp();
    proc.put({ ...seen, comm: 'java', exe: '/usr/bin/java', threads: ['GC', 'http-8080'] });
    expect(table.resolve({ ...lost, comm: 'http-8080' }, atMs(251)).executablePath).toBe('/usr/bin/java');
  });

  it('is found by another thread when its main thread has ended', () => {
    const { table, proc } = setUp();
    const { exe: _gone, ...zombie } = seen;
    proc.put({ ...zombie, cmdline: '', threads: ['worker'] });
    makeFile(join(proc.root, '700/task/701/cmdline'), 'nc\0-l\0');
    symlinkSync('/usr/bin/nc', join(proc.root, '700/task/701/exe'));
    expect(table.resolve(lost, atMs(251))).toMatchObject({
      executablePath: '/usr/bin/nc',
      commandLine: 'nc -l',
    });
  });

  it('is told by pid and start when the kernel gave no exec', () => {
    const { table } = setUp();
    table.observe(execOf({ ...lost, execId: 0 }, { filename: '/opt/nc', args: ARGS }));
    expect(table.resolve({ ...lost, execId: 0 }, atMs(251)).executablePath).toBe('/opt/nc');
    table.observe(exitOf(lost, 252));
    expect(table.resolve({ ...lost, execId: 0 }, atMs(253)).executablePath).toBe('/opt/nc');
  });

  it('is looked up again when nothing tells it from the next one', () => {
    const { table, proc } = setUp();
    const nameless = { ...lost, startNs: 0, execId: 0 };
    proc.put(seen);
    expect(table.resolve(nameless, atMs(251)).executablePath).toBe('/usr/bin/nc');
    proc.put({ ...seen, start: 300, exe: '/tmp/other' });
    expect(table.resolve(nameless, atMs(301)).executablePath).toBe('/tmp/other');
    expect(table.resolve(nameless, atMs(251))).not.toHaveProperty('executablePath');
    expect(table.size().programs).toBe(0);
  });

  it.each([
    ['pid and start', {}, '700:250004000000'],
    ['pid and exec', { startNs: 0 }, '700:250'],
    ['pid and name', { startNs: 0, execId: 0 }, '700:nc'],
  ])('has a key of %s', (_title, fields, key) => {
    expect(setUp().table.resolve({ ...lost, ...fields }, atMs(251)).key).toBe(key);
  });
});

describe('ancestors', () => {
  it('are those of the time of the exec', () => {
    const { table } = withSession();
    table.observe(
      execOf(
        { ...bash, startNs: atNs(210), execId: 210, comm: 'perl' },
        { filename: '/usr/bin/perl', args: ARGS },
      ),
    );
    table.observe(exitOf(bash, 220));
    expect(table.resolve(curl, atMs(230)).ancestors[0]).toBe('/usr/bin/bash');
  });

  it('do not include a dead process that had the pid of the parent', () => {
    const { table } = withSession();
    table.observe(exitOf(bash, 150));
    const child = owner({ pid: 501, parentPid: 400, startNs: atNs(160), execId: 160, comm: 'ls' });
    table.observe(execOf(child, { filename: '/bin/ls', args: ARGS }));
    expect(table.resolve(child, atMs(161)).ancestors).toEqual([]);
  });

  it('come from /proc for a parent that forked without exec', () => {
    const { table, proc } = withSession();
    const child = owner({ pid: 502, parentPid: 420, startNs: atNs(160), execId: 160, comm: 'ls' });
    const grandchild = owner({ pid: 503, parentPid: 502, startNs: atNs(161), execId: 161, comm: 'id' });
    proc.put({ pid: 420, parentPid: 400, comm: 'bash', start: 155, exe: '/usr/bin/bash' });
    table.observe(execOf(child, { filename: '/bin/ls', args: ARGS }));
    table.observe(execOf(grandchild, { filename: '/bin/id', args: ARGS }));
    table.observe(exitOf(child, 162));
    const expected = ['/usr/bin/bash', '/usr/bin/bash', '/usr/sbin/sshd', '/usr/lib/systemd/systemd'];
    expect(table.resolve(grandchild, atMs(163)).ancestors).toEqual(['/bin/ls', ...expected]);
    proc.kill(420);
    expect(table.resolve(grandchild, atMs(163)).ancestors).toEqual(['/bin/ls', ...expected]);
  });

  it('stop at a parent in /proc that is younger than its child', () => {
    const { table, proc } = withSession();
    const child = owner({ pid: 502, parentPid: 420, startNs: atNs(160), execId: 160, comm: 'ls' });
    table.observe(execOf(child, { filename: '/bin/ls', args: ARGS }));
    proc.put({ pid: 420, parentPid: 400, comm: 'evil', start: 170, exe: '/tmp/evil' });
    expect(table.resolve(child, atMs(180)).ancestors).toEqual([]);
  });

  it('do not include what the parent came to run later', () => {
    const { table, proc } = setUp();
    const later = { ...bash, startNs: atNs(255), execId: 255 };
    table.observe(execOf(later, { filename: '/tmp/later', args: ARGS }));
    proc.put({ pid: 400, comm: 'bash', start: 90, exe: '/tmp/later' });
    const lost = owner({ pid: 700, parentPid: 400, startNs: atNs(250), execId: 250 });
    expect(table.resolve(lost, atMs(256)).ancestors).toEqual([]);
  });

  it('are eight at most, and endless only in appearance', () => {
    const { table } = setUp();
    for (let depth = 1; depth <= 20; depth += 1) {
      const who = owner({ pid: depth, parentPid: depth - 1, startNs: atNs(depth), execId: depth });
      table.observe(execOf(who, { filename: `/bin/${depth}`, args: ARGS }));
    }
    const last = owner({ pid: 20, parentPid: 19, startNs: atNs(20), execId: 20 });
    const expected = [19, 18, 17, 16, 15, 14, 13, 12].map((depth) => `/bin/${depth}`);
    expect(table.resolve(last, atMs(21)).ancestors).toEqual(expected);
    expect(table.resolve({ ...last, pid: 21, startNs: atNs(22) }, atMs(23)).ancestors).toHaveLength(8);
    const own = owner({ pid: 30, parentPid: 30, startNs: atNs(30), execId: 30 });
    table.observe(execOf(own, { filename: '/bin/own', args: ARGS }));
    expect(table.resolve(own, atMs(31)).ancestors.length).toBeLessThanOrEqual(8);
  });
});

describe('exit', () => {
  it('of a process whose exec was lost ends the older one of its pid', () => {
    const { table } = withSession();
    table.observe(exitOf({ ...bash, startNs: atNs(140), execId: 140 }, 150));
    const child = owner({ pid: 501, parentPid: 400, startNs: atNs(160), execId: 160 });
    table.observe(execOf(child, { filename: '/bin/ls', args: ARGS }));
    expect(table.resolve(child, atMs(161)).ancestors).toEqual([]);
  });

  it('of an older process does not end the newer one', () => {
    const { table } = withSession();
    table.observe(exitOf({ ...bash, startNs: atNs(90), execId: 90 }, 150));
    const child = owner({ pid: 501, parentPid: 400, startNs: atNs(160), execId: 160 });
    table.observe(execOf(child, { filename: '/bin/ls', args: ARGS }));
    expect(table.resolve(child, atMs(161)).ancestors[0]).toBe('/usr/bin/bash');
  });

  it('of an unknown process is nothing', () => {
    expect(() => setUp().table.observe(exitOf(curl, 201))).not.toThrow();
  });
});

it('says of an unknown process only what the kernel said', () => {
  const nobody = owner({ pid: 0, parentPid: 0, uid: 4, comm: '' });
  expect(setUp().table.resolve(nobody, atMs(1))).toEqual({
    pid: 0,
    key: '0:',
    name: '',
    userId: 4,
    ancestors: [],
  });
});

it('survives hostile content of /proc', () => {
  const { table, proc } = setUp();
  const bytes = Uint8Array.from({ length: 300_000 }, (_unused, index) => (index * 31) & 0xff);
  const who = owner({ pid: 800, startNs: atNs(500), execId: 9, comm: ') R (\n' });
  proc.put({
    pid: 800,
    comm: ') R (\n',
    start: 500,
    exe: '/tmp/\u001b[2J\n',
    cmdline: bytes,
    cgroup: '\n\n:::\n0::\0',
  });
  const process = table.resolve(who, atMs(501));
  expect(process.executablePath).toBe('/tmp/\u001b[2J\n');
  expect(process.commandLine?.length).toBeLessThanOrEqual(4096);
  expect(table.workloadOf(who, atMs(501))).toBeUndefined();
});
