import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCgroupPaths } from '../../src/enrich/cgroup-paths.ts';
import { createPodIndex } from '../../src/enrich/pods.ts';
import { createHostFiles, createProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable } from '../../src/enrich/process-table.ts';
import type { Workload } from '../../src/model/process.ts';
import { atMs, atNs, CLOCKS, createFakeProc, execOf, exitOf, owner, scratchFolder } from './fake-proc.ts';

const ID = '3f2a'.repeat(16);
const OTHER = 'b0c4'.repeat(16);
const UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const POD = `/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope`;
const DOCKER = `/system.slice/docker-${OTHER}.scope`;
const v1 = (path: string) => `9:name=systemd:${path}\n4:memory:${path}\n`;

function setUp() {
  const proc = createFakeProc();
  const files = createHostFiles();
  const mountPoint = scratchFolder();
  const folder = scratchFolder();
  mkdirSync(join(folder, `shop_web-1_${UID}`));
  const cgroupId = (path: string) => {
    mkdirSync(join(mountPoint, path), { recursive: true });
    return statSync(join(mountPoint, path)).ino;
  };
  const table = createProcessTable({
    procfs: createProcReader(proc.root),
    clocks: CLOCKS,
    userName: () => 'alice',
    cgroupPaths: createCgroupPaths({ files, mountPoint }),
    pods: createPodIndex({ files, folder }),
  });
  return { proc, table, cgroupId, mountPoint };
}

const inPod = { containerId: ID, podUid: UID, podName: 'web-1', namespace: 'shop' };
const app = owner({ pid: 600, startNs: atNs(100), execId: 100, comm: 'app' });
const EXEC = { filename: '/app', args: ['app'] };

describe('at exec', () => {
  it('is read from the process, and outlives it', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::${POD}\n` });
    table.observe(execOf(app, EXEC));
    proc.kill(600);
    table.observe(exitOf(app, 100.005));
    expect(table.workloadOf(app, atMs(101))).toEqual(inPod);
    expect(table.workloadOf({ ...app, pid: 601, startNs: atNs(100.1) }, atMs(101))).toEqual(inPod);
  });

  it('is told by the cgroup id when the process was gone already', () => {
    const { table, cgroupId } = setUp();
    const gone = { ...app, cgroupId: cgroupId(POD) };
    table.observe(execOf(gone, EXEC));
    expect(table.workloadOf(gone, atMs(101))).toEqual(inPod);
  });

  it('is that of the parent when neither file nor id tells', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: v1(`/docker/${ID}`) });
    table.observe(execOf(app, EXEC));
    const child = owner({ pid: 610, parentPid: 600, startNs: atNs(101), execId: 101 });
    table.observe(execOf(child, EXEC));
    expect(table.workloadOf(child, atMs(102))).toEqual({ containerId: ID });
  });

  it('is that of the parent when an exiting process shows the root of every v1 hierarchy', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `${v1(`/docker/${ID}`)}0::/\n` });
    table.observe(execOf(app, EXEC));
    proc.put({ pid: 610, parentPid: 600, comm: 'app', start: 101, cgroup: `${v1('/')}0::/\n` });
    const child = owner({ pid: 610, parentPid: 600, startNs: atNs(101), execId: 101 });
    table.observe(execOf(child, EXEC));
    expect(table.workloadOf(child, atMs(102))).toEqual({ containerId: ID });
  });

  it('is none for a process of the host, whatever its parent', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::${DOCKER}\n` });
    table.observe(execOf(app, EXEC));
    proc.put({ pid: 610, parentPid: 600, comm: 'app', start: 101, cgroup: '0::/user.slice\n' });
    const child = owner({ pid: 610, parentPid: 600, startNs: atNs(101), execId: 101 });
    table.observe(execOf(child, EXEC));
    expect(table.workloadOf(child, atMs(102))).toBeUndefined();
  });

  it('is not that of the next process of its pid', () => {
    const { table, proc, cgroupId } = setUp();
    cgroupId(DOCKER);
    const host = { ...app, cgroupId: cgroupId('/system.slice/cron.service') };
    proc.put({ pid: 600, comm: 'app', start: 100, cgroup: `0::${DOCKER}\n` });
    table.observe(execOf(host, EXEC));
    expect(table.workloadOf(host, atMs(101))).toBeUndefined();
  });

  it('on a v2 host, a cgroup id outside containers says none', () => {
    const { table, proc, cgroupId } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::${DOCKER}\n` });
    table.observe(execOf(app, EXEC));
    const child = owner({
      pid: 610,
      parentPid: 600,
      startNs: atNs(101),
      execId: 101,
      cgroupId: cgroupId('/user.slice'),
    });
    table.observe(execOf(child, EXEC));
    expect(table.workloadOf(child, atMs(102))).toBeUndefined();
  });
});

describe('later', () => {
  it('follows a fork into another cgroup', () => {
    const { table, proc, cgroupId } = setUp();
    const first = { ...app, cgroupId: cgroupId(DOCKER) };
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::${DOCKER}\n` });
    table.observe(execOf(first, EXEC));
    const moved = { ...first, pid: 620, startNs: atNs(103), cgroupId: cgroupId(POD) };
    expect(table.workloadOf(moved, atMs(106))).toEqual(inPod);
    expect(table.workloadOf(first, atMs(106))).toEqual({ containerId: OTHER });
    const out = { ...first, pid: 621, startNs: atNs(103), cgroupId: cgroupId('/user.slice') };
    expect(table.workloadOf(out, atMs(112))).toBeUndefined();
  });

  it('is found in /proc for a process without an exec record', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, exe: '/app', cgroup: `0::${POD}\n` });
    expect(table.workloadOf(app, atMs(101))).toEqual(inPod);
    proc.kill(600);
    expect(table.workloadOf(app, atMs(102))).toEqual(inPod);
  });

  it('is not that of a program that the parent came to run later', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: v1(`/docker/${ID}`) });
    table.observe(execOf(app, EXEC));
    const older = owner({ pid: 610, parentPid: 600, startNs: atNs(99), execId: 99 });
    expect(table.workloadOf(older, atMs(102))).toBeUndefined();
    expect(
      table.workloadOf({ ...older, pid: 611, startNs: atNs(101), execId: 101 }, atMs(102)),
    ).toBeDefined();
  });

  it('does not come from a process that has taken over the pid', () => {
    const { table, proc } = setUp();
    proc.put({ pid: 600, comm: 'app', start: 150, exe: '/app', cgroup: `0::${POD}\n` });
    expect(table.workloadOf(app, atMs(151))).toBeUndefined();
  });

  it('learns the pod name when its log folder appears', () => {
    const { table, proc } = setUp();
    const uid = UID.replace('0f', 'aa');
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::/kubepods/pod${uid}/${ID}\n` });
    table.observe(execOf(app, EXEC));
    expect(table.workloadOf(app, atMs(101))).toEqual({ containerId: ID, podUid: uid });
  });

  it('keeps the path of a removed cgroup', () => {
    const { table, cgroupId, mountPoint } = setUp();
    const gone = { ...app, cgroupId: cgroupId(POD) };
    table.observe(execOf(gone, EXEC));
    rmSync(join(mountPoint, 'kubepods.slice'), { recursive: true });
    expect(table.workloadOf({ ...gone, execId: 0, startNs: atNs(101), pid: 700 }, atMs(110))).toEqual(inPod);
  });
});

it('gives users of containers no name of this host', () => {
  const { table, proc } = setUp();
  proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::${POD}\n` });
  table.observe(execOf(app, EXEC));
  expect(table.resolve(app, atMs(101))).not.toHaveProperty('userName');
  proc.put({ pid: 610, comm: 'app', start: 99, cgroup: '0::/\n' });
  const host = owner({ pid: 610, startNs: atNs(101), execId: 101 });
  table.observe(execOf(host, EXEC));
  expect(table.resolve(host, atMs(102)).userName).toBe('alice');
});

describe('where the Kubernetes API is read', () => {
  const told: Workload = { ...inPod, containerName: 'app', owners: { deployment: 'web' } };

  function withCluster() {
    const pods = new Map<string, Workload>();
    const proc = createFakeProc();
    const folder = scratchFolder();
    mkdirSync(join(folder, `shop_web-1_${UID}`));
    const table = createProcessTable({
      procfs: createProcReader(proc.root),
      clocks: CLOCKS,
      userName: () => 'alice',
      pods: createPodIndex({ files: createHostFiles(), folder }),
      cluster: { workloadOf: ({ containerId = '' }) => pods.get(containerId) },
    });
    return { proc, table, pods };
  }

  it('what it tells late is filled in for later events, and the log folder serves until then', () => {
    const { proc, table, pods } = withCluster();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::${POD}\n` });
    table.observe(execOf(app, EXEC));
    expect(table.workloadOf(app, atMs(101))).toEqual({ ...inPod, partial: true });
    pods.set(ID, told);
    // The very object: nothing is built for an event.
    expect(table.workloadOf(app, atMs(102))).toBe(told);
  });

  it('names a container whose cgroup names no pod', () => {
    const { proc, table, pods } = withCluster();
    pods.set(ID, told);
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: `0::/custom/${ID}\n` });
    table.observe(execOf(app, EXEC));
    expect(table.workloadOf(app, atMs(101))).toBe(told);
  });

  it('a process of the host is in no pod', () => {
    const { proc, table } = withCluster();
    proc.put({ pid: 600, comm: 'app', start: 99, cgroup: '0::/init.scope\n' });
    table.observe(execOf(app, EXEC));
    expect(table.workloadOf(app, atMs(101))).toBeUndefined();
  });
});
