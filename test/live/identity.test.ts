import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/capture/addon.ts';
import type { ConnectionEvent, ProcessEvent } from '../../src/model/event.ts';
import { cgroupId } from '../support/cgroups.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { peerProgram } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { mountTracefs } from '../support/tracefs.ts';

const skip = whyNoSandbox();
/** Refused at once: all that these tests need is somebody who tries. */
const TRY = 'connect 127.0.0.1 9';

describe.skipIf(skip !== undefined)(`who it was ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await watch?.stop();
  });
  afterAll(() => sandbox?.close());

  const attempt = (): Promise<ConnectionEvent> =>
    watch.connection('an attempt', (event) => event.phase === 'attempted');
  const execOf = (pid: number): Promise<ProcessEvent> =>
    watch.process(`exec of ${pid}`, (event) => event.action === 'exec' && event.owner.pid === pid);
  const exitOf = (pid: number): Promise<ProcessEvent> =>
    watch.process(`exit of ${pid}`, (event) => event.action === 'exit' && event.owner.pid === pid);

  const statOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'utf8');

  /** A copy of the peer under another name. */
  function copyPeer(path: string): string {
    mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    copyFileSync(peerProgram(), path);
    chmodSync(path, 0o755);
    return path;
  }

  it('pid, parent, user, name, start, exec and cgroup are the truth', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const before = loadAddon().monotonicNs();
    const peer = sandbox.peer(`uid 4242 name renamed tcp4 ${TRY}`);
    await peer.end();
    const after = loadAddon().monotonicNs();
    const exec = await execOf(peer.pid);
    const { owner, attribution } = await attempt();
    expect(attribution).toBe('socket');
    expect(owner).toMatchObject({
      pid: peer.pid,
      parentPid: process.pid,
      uid: 4242,
      comm: 'renamed',
      cgroupId: cgroupId(sandbox.cgroup),
      startNs: exec.owner.startNs,
      execId: exec.owner.execId,
    });
    expect(exec.owner).toMatchObject({ pid: peer.pid, parentPid: process.pid, uid: 0, comm: 'peer' });
    expect(exec.owner.startNs).toBeGreaterThan(before);
    expect(exec.owner.startNs).toBeLessThan(after);
    expect(exec).toMatchObject({ filename: peerProgram(), executablePath: peerProgram() });
    expect(exec.args).toEqual([peerProgram(), 'uid', '4242', 'name', 'renamed', 'tcp4', ...TRY.split(' ')]);
    expect((await exitOf(peer.pid)).owner).toMatchObject({
      startNs: exec.owner.startNs,
      execId: exec.owner.execId,
    });
  });

  it.each(['tcp4', 'tcp6', 'udp4', 'udp6'])(
    'a fork without exec runs its parent’s program: %s',
    async (kind) => {
      watch = watchCgroup({ cgroup: sandbox.cgroup });
      const loopback = kind.endsWith('4') ? '127.0.0.1' : '::1';
      const peer = sandbox.peer(
        `fork pid ${kind} ${kind.startsWith('tcp') ? `connect ${loopback} 9` : `sendto ${loopback} 9 1`}`,
      );
      const child = await peer.number();
      await peer.end();
      const exec = await execOf(peer.pid);
      const { owner } = await attempt();
      expect(owner).toMatchObject({ pid: child, parentPid: peer.pid, execId: exec.owner.execId });
      expect(owner?.startNs).toBeGreaterThan(exec.owner.startNs);
    },
  );

  it('a thread acts for its process', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const peer = sandbox.peer(`thread tcp4 ${TRY}`);
    await peer.end();
    const exec = await execOf(peer.pid);
    expect((await attempt()).owner).toMatchObject({
      pid: peer.pid,
      execId: exec.owner.execId,
      startNs: exec.owner.startNs,
    });
    await watch.caughtUp();
    expect(watch.processes.map((event) => event.action)).toEqual(['exec', 'exit']);
  });

  it('a process goes on without its main thread, and so do its children', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const peer = sandbox.peer(`alone wait tcp4 ${TRY} fork pid tcp4 ${TRY}`);
    await eventually(() => /^\d+ \(peer\) Z /.test(statOf(peer.pid)), 'the end of the main thread');
    await watch.caughtUp();
    expect(watch.processes.map((event) => event.action)).toEqual(['exec']);
    peer.go();
    expect(await peer.line()).toBe('connect ECONNREFUSED');
    const child = await peer.number();
    await peer.end();
    await exitOf(peer.pid);
    const { execId, startNs } = (await execOf(peer.pid)).owner;
    const owners = watch.connections
      .filter((event) => event.phase === 'attempted')
      .map((event) => event.owner);
    expect(owners).toMatchObject([
      { pid: peer.pid, execId, startNs },
      { pid: child, parentPid: peer.pid, execId },
    ]);
    const story = watch.processes.map((event) => [event.action, event.owner.pid]);
    expect(story).toEqual([
      ['exec', peer.pid],
      ['exit', child],
      ['exit', peer.pid],
    ]);
    expect(watch.processes.at(-1)?.owner).toMatchObject({ execId, startNs });
  });

  it('a process of many threads ends once', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    for (let round = 0; round < 20; round++)
      await sandbox.peer('thread thread thread thread thread thread thread thread exit').end();
    await watch.caughtUp();
    expect(watch.processes.filter((event) => event.action === 'exit')).toHaveLength(20);
  });

  it('a second exec in the same process is another program', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const second = copyPeer(`${sandbox.folder}/second`);
    const peer = sandbox.peer(`tcp4 ${TRY} exec ${second} tcp4 connect 127.0.0.1 10`);
    await peer.end();
    await watch.connection('the second', (event) => event.remote.port === 10 && event.phase === 'failed');
    const execs = watch.processes.filter((event) => event.action === 'exec');
    expect(execs.map((event) => [event.owner.pid, event.executablePath])).toEqual([
      [peer.pid, peerProgram()],
      [peer.pid, second],
    ]);
    const ids = watch.connections
      .filter((event) => event.phase === 'attempted')
      .map((event) => event.owner?.execId);
    expect(ids).toEqual(execs.map((event) => event.owner.execId));
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('a program in /tmp that is gone before anyone looks', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const shell = copyPeer(`${sandbox.folder}/.hidden dir/shell`);
    const program = sandbox.start([shell, 'tcp4', 'connect', '127.0.0.1', '4444']);
    await program.end();
    expect(existsSync(`/proc/${program.pid}`)).toBe(false);
    const { owner } = await attempt();
    expect(await execOf(program.pid)).toMatchObject({
      executablePath: shell,
      owner: { execId: owner?.execId },
    });
    expect(owner?.execId).toBeGreaterThan(0);
  });

  it('executed by a relative path', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    copyPeer(`${sandbox.folder}/near`);
    const program = sandbox.start(['sh', '-c', `cd ${sandbox.folder} && exec ./near tcp4 ${TRY}`]);
    await program.end();
    const { owner } = await attempt();
    const exec = await watch.process('the exec', (event) => event.owner.execId === owner?.execId);
    expect(exec).toMatchObject({
      filename: './near',
      executablePath: `${sandbox.folder}/near`,
      workingDirectory: sandbox.folder,
    });
  });

  it('executed by somebody who logged in, in the root', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    // Who has logged in already may not be allowed to become another.
    const script = `echo 4242 > /proc/self/loginuid; echo $(cat /proc/self/loginuid); cd /; exec ${peerProgram()} say done`;
    const program = sandbox.start(['sh', '-c', script]);
    const loginUid = await program.number();
    await program.end();
    const peers = await watch.process('the exec', ({ executablePath }) => executablePath === peerProgram());
    expect(peers).toMatchObject({ workingDirectory: '/', loginUid, owner: { pid: program.pid } });
  });

  it('executed from a file system mounted there', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const mount = `${sandbox.folder}/mounted`;
    mkdirSync(mount);
    const script = `mount -t tmpfs none ${mount} && mkdir ${mount}/deep && cp ${peerProgram()} ${mount}/deep/shell && exec ${mount}/deep/shell tcp4 ${TRY}`;
    await sandbox.start(['unshare', '-m', 'sh', '-c', script]).end();
    const { owner } = await attempt();
    const exec = await watch.process('the exec', (event) => event.owner.execId === owner?.execId);
    expect(exec.executablePath).toBe(`${mount}/deep/shell`);
  });

  it('executed in a chroot: the path as the program itself sees it', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    copyPeer(`${sandbox.folder}/jail/bin/shell`);
    const peer = sandbox.peer(`chroot ${sandbox.folder}/jail exec /bin/shell tcp4 ${TRY}`);
    await peer.end();
    const { owner } = await attempt();
    const exec = await watch.process('the exec', (event) => event.owner.execId === owner?.execId);
    expect(exec.executablePath).toBe('/bin/shell');
  });

  it('arguments longer than a record are cut, not lost', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const long = 'x'.repeat(2000);
    const program = sandbox.start([peerProgram(), 'say', long]);
    await program.end();
    const { args } = await execOf(program.pid);
    expect(args?.slice(0, 2)).toEqual([peerProgram(), 'say']);
    expect(args?.[2]).toMatch(/^x{300,511}$/);
  });

  describe('with the core object alone', () => {
    it('without tracefs says what is missing, and still knows pid and name', async () => {
      watch = watchCgroup({ cgroup: sandbox.cgroup, extra: false });
      const state = Object.fromEntries(watch.capture.hooks.map((hook) => [hook.feature.name, hook]));
      expect(state.tcp).toMatchObject({ state: 'fallback', candidate: { object: 'core' } });
      expect(state['accept-worker-recv']).toMatchObject({ state: 'missing' });
      if (!existsSync('/sys/kernel/tracing/events'))
        expect(state['process-exec']).toMatchObject({ state: 'missing' });
      const peer = sandbox.peer(`tcp4 ${TRY}`);
      await peer.end();
      expect((await attempt()).owner).toMatchObject({ pid: peer.pid, comm: 'peer', uid: 0 });
    });

    it('with tracefs knows exec, fork and exit', async () => {
      const unmount = mountTracefs();
      try {
        watch = watchCgroup({ cgroup: sandbox.cgroup, extra: false });
        for (const name of ['process-exec', 'process-fork', 'process-exit'])
          expect(watch.capture.hooks.find((hook) => hook.feature.name === name)).toMatchObject({
            candidate: { object: 'core' },
          });
        const peer = sandbox.peer(`fork pid tcp4 ${TRY}`);
        const child = await peer.number();
        await peer.end();
        const exec = await execOf(peer.pid);
        expect(exec).toMatchObject({ filename: peerProgram(), owner: { comm: 'peer' } });
        expect(exec).not.toHaveProperty('executablePath');
        expect((await attempt()).owner).toMatchObject({
          pid: child,
          parentPid: peer.pid,
          execId: exec.owner.execId,
        });
        expect((await exitOf(child)).owner).toMatchObject({ execId: exec.owner.execId, parentPid: peer.pid });
        expect((await exitOf(peer.pid)).owner).toMatchObject({ startNs: exec.owner.startNs });
      } finally {
        await watch.stop();
        unmount();
      }
    });
  });
});
