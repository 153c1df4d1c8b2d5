import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHostFiles, createProcReader } from '../../src/enrich/proc-reader.ts';
import { createFakeProc, makeFile, scratchFolder } from './fake-proc.ts';

describe('the real /proc', () => {
  const procfs = createProcReader();

  it('tells of this very process', () => {
    expect(procfs.stat(process.pid)).toMatchObject({ pid: process.pid, parentPid: process.ppid });
    expect(procfs.executable(process.pid)).toBe(process.execPath);
    expect(procfs.commandLine(process.pid)?.length).toBeGreaterThan(0);
    expect(procfs.userId(process.pid)).toBe(process.getuid?.());
    expect(procfs.cgroup(process.pid)).toMatch(/^\d+:.*:\//);
    expect(procfs.listProcesses()).toContain(process.pid);
    expect(procfs.uptimeNs()).toBeGreaterThan(0);
    const comm = procfs.stat(process.pid)?.comm ?? '';
    expect(procfs.hasThread(process.pid, comm)).toBe(true);
    expect(procfs.hasThread(process.pid, 'no such thread')).toBe(false);
  });

  it('lists numbers only', () => {
    for (const pid of procfs.listProcesses()) expect(pid).toBeGreaterThan(0);
  });

  it('says nothing of a process that does not exist', () => {
    const pid = 2 ** 22 + 1;
    for (const read of ['stat', 'executable', 'commandLine', 'userId', 'cgroup'] as const)
      expect(procfs[read](pid), read).toBeUndefined();
    expect(procfs.hasThread(pid, 'x')).toBe(false);
  });
});

describe('hostile content', () => {
  it('reads 16 KiB of a huge command line', () => {
    const proc = createFakeProc();
    proc.put({ pid: 5, comm: 'big', start: 1, cmdline: `big\0${'x'.repeat(1 << 20)}` });
    expect(createProcReader(proc.root).commandLine(5)?.join(' ')).toHaveLength(16_384);
  });

  it('takes any bytes', () => {
    const proc = createFakeProc();
    const bytes = Uint8Array.from({ length: 512 }, (_unused, index) => index & 0xff);
    proc.put({ pid: 5, comm: 'x', start: 1, cmdline: bytes });
    for (const name of ['stat', 'status', 'cgroup', 'cmdline']) makeFile(join(proc.root, '6', name), bytes);
    const procfs = createProcReader(proc.root);
    expect(procfs.commandLine(5)?.join('\0')).toContain('ABC');
    expect(procfs.stat(6)).toBeUndefined();
    expect(procfs.userId(6)).toBeUndefined();
    expect(procfs.cgroup(6)).toContain('\ufffd');
  });

  it('takes folders for absent files, and an absent root for an empty one', () => {
    const root = scratchFolder();
    for (const name of ['stat', 'cmdline', 'exe']) makeFile(join(root, '7', name, 'inside'));
    const procfs = createProcReader(root);
    expect([procfs.stat(7), procfs.commandLine(7), procfs.executable(7)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(procfs.uptimeNs()).toBeUndefined();
    expect(createProcReader(join(root, 'absent')).listProcesses()).toEqual([]);
  });
});

describe('host files', () => {
  it('stop at their limits', () => {
    const root = scratchFolder();
    for (let index = 0; index < 20; index += 1) makeFile(join(root, `d${index}`, 'f'), 'content');
    makeFile(join(root, 'file'), 'content');
    const files = createHostFiles();
    expect(files.folders(root, 7)).toHaveLength(7);
    expect(files.folders(root, 100)).toHaveLength(20);
    expect(files.readText(join(root, 'file'), 3)).toBe('con');
    expect(files.readText(join(root, 'file'), 1 << 20)).toBe('content');
    expect(files.stat(join(root, 'absent'))).toBeUndefined();
    expect(files.readLink(join(root, 'file'))).toBeUndefined();
  });
});
