import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BpfObject, loadAddon } from '../../src/capture/addon.ts';
import { formatIp } from '../../src/net/ip.ts';
import { cgroupId } from '../support/cgroups.ts';
import { totals, type Watch, watchCgroup } from '../support/events.ts';
import { peerProgram } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const skip = whyNoSandbox();

/** Somebody else's program: asks for RTT callbacks alone, and counts them. */
const FOREIGN_PROGRAM = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } rtts SEC(".maps");
SEC("sockops") int foreign(struct bpf_sock_ops *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&rtts, &zero);
	if (ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_RTT_CB_FLAG);
	if (ctx->op == BPF_SOCK_OPS_RTT_CB && count)
		__sync_fetch_and_add(count, 1);
	return 1;
}
char LICENSE[] SEC("license") = "GPL";
`;

describe.skipIf(skip !== undefined)(`what is observed ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  const watches: Watch[] = [];

  const watchOf = (cgroup: string): Watch => {
    const watch = watchCgroup({ cgroup });
    watches.push(watch);
    return watch;
  };

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    for (const watch of watches.splice(0)) await watch.stop();
  });
  afterAll(() => sandbox?.close());

  it('nothing outside the cgroup: no connection, no datagram, no exec, no fork, no exit', async () => {
    const watch = watchOf(sandbox.cgroup);
    const elsewhere = { cgroup: 'none' } as const;
    const server = sandbox.peer(
      'tcp4 bind 127.0.0.1 0 listen port fork accept recv 5 send 5 close',
      elsewhere,
    );
    await sandbox
      .peer(
        `fork tcp4 connect 127.0.0.1 ${await server.number()} send 5 recv 5 eof close udp4 sendto 127.0.0.1 9 5`,
        elsewhere,
      )
      .end();
    await server.end();
    await sandbox.peer('udp6 sendto ::1 9 5 tcp6 connect ::1 9', elsewhere).end();
    expect(totals(watch.capture.counters())).toEqual({ submitted: 0, dropped: 0 });
    // The same inside is seen: the silence before was no deafness.
    await sandbox.peer('udp6 sendto ::1 9 5').end();
    await watch.caughtUp();
    expect(watch.story()).toContain('attempted');
    expect(watch.processes.map((event) => event.action)).toEqual(['exec', 'exit']);
  });

  it('everything below the cgroup, named by its own cgroup', async () => {
    const watch = watchOf(sandbox.cgroup);
    sandbox.subgroup('pod');
    const deep = sandbox.subgroup('pod/container');
    const peer = sandbox.peer('tcp4 connect 127.0.0.1 9', { cgroup: deep });
    await peer.end();
    const attempted = await watch.connection('an attempt', (event) => event.phase === 'attempted');
    expect(attempted.owner).toMatchObject({ pid: peer.pid, cgroupId: cgroupId(deep) });
    expect(watch.processes.length).toBeGreaterThan(0);
  });

  it('every network namespace whose programs are in the cgroup', async () => {
    const watch = watchOf(sandbox.cgroup);
    for (const namespace of ['inside', 'outside', 'host'] as const)
      await sandbox.peer('udp4 sendto 127.0.0.1 9 5', { namespace }).end();
    const server = sandbox.peer('tcp6 bind 2001:db8:bad::5 0 listen port accept eof close', {
      namespace: 'outside',
    });
    await sandbox.peer(`tcp6 connect 2001:db8:bad::5 ${await server.number()} send 3 close`).end();
    await server.end();
    await watch.caughtUp();
    const udp = watch.connections.filter((event) => event.transport === 'udp' && event.phase === 'attempted');
    expect(udp).toHaveLength(3);
    const tcp = watch.connections.filter((event) => event.transport === 'tcp' && event.phase === 'closed');
    expect(tcp.map((event) => formatIp(event.local.ip)).sort()).toEqual(['2001:db8:1::2', '2001:db8:bad::5']);
  });

  it('a process by where it runs, not by where it began', async () => {
    const watch = watchOf(sandbox.cgroup);
    const mover = sandbox.peer('say here wait tcp4 connect 127.0.0.1 9', { cgroup: 'none' });
    await mover.line();
    writeFileSync(`${sandbox.cgroup}/cgroup.procs`, String(mover.pid));
    mover.go();
    await mover.end();
    await watch.caughtUp();
    expect(watch.story(mover.pid)).toEqual(['attempted', 'failed:refused']);
    // Its beginning was not seen, so it is not made up.
    expect(watch.connections[0]?.owner).toMatchObject({ startNs: 0, execId: 0, parentPid: 0 });
  });

  it('a process that became another program outside is not what it was inside', async () => {
    const seen = sandbox.subgroup('seen');
    const watch = watchOf(seen);
    const tail = 'say there wait tcp4 connect 127.0.0.1 9';
    const mover = sandbox.peer(`tcp4 connect 127.0.0.1 9 say here wait exec ${peerProgram()} ${tail}`, {
      cgroup: seen,
    });
    while ((await mover.line()) !== 'here');
    writeFileSync(`${sandbox.cgroup}/cgroup.procs`, String(mover.pid));
    mover.go();
    expect(await mover.line()).toBe('there');
    writeFileSync(`${seen}/cgroup.procs`, String(mover.pid));
    mover.go();
    await mover.end();
    await watch.caughtUp();
    expect(watch.processes.map((event) => event.action)).toEqual(['exec', 'exit']);
    const [before, after] = watch.connections
      .filter((event) => event.phase === 'attempted')
      .map((event) => event.owner!);
    expect(before?.execId).toBe(watch.processes[0]?.owner.execId);
    expect(after?.pid).toBe(before?.pid);
    expect(after?.execId).not.toBe(before?.execId);
    expect(after?.startNs).toBeGreaterThan(before!.startNs);
    expect(watch.processes[1]?.owner).toEqual(after);
  });

  it('the end of a process that was seen inside', async () => {
    const seen = sandbox.subgroup('seen');
    const watch = watchOf(seen);
    const mover = sandbox.peer('say here wait', { cgroup: seen });
    await mover.line();
    writeFileSync(`${sandbox.cgroup}/cgroup.procs`, String(mover.pid));
    mover.go();
    await mover.end();
    await watch.caughtUp();
    expect(watch.processes.map((event) => event.action)).toEqual(['exec', 'exit']);
  });

  it('two captures of sibling cgroups do not disturb each other', async () => {
    const groups = ['left', 'right'].map((name) => sandbox.subgroup(name));
    const [left, right] = groups.map(watchOf) as [Watch, Watch];
    const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port accept recv 5 send 7 eof close', {
      cgroup: groups[0]!,
    });
    const client = sandbox.peer(`tcp4 connect 127.0.0.1 ${await server.number()} send 5 recv 7 close`, {
      cgroup: groups[1]!,
    });
    await Promise.all([client.end(), server.end()]);
    await left.connection('the server’s end', (event) => event.phase === 'closed');
    await right.connection('the client’s end', (event) => event.phase === 'closed');
    await left.caughtUp();
    await right.caughtUp();
    expect(left.story()).toEqual(['accepted', 'closed:closed']);
    expect(right.story()).toEqual(['attempted', 'established', 'closed:closed']);
    expect(left.processes.every((event) => event.owner.pid === server.pid)).toBe(true);
    expect(right.processes.every((event) => event.owner.pid === client.pid)).toBe(true);
  });

  it('a second capture of the same cgroup sees the same, and its end leaves the first alone', async () => {
    const [first, second] = [watchOf(sandbox.cgroup), watchOf(sandbox.cgroup)];
    await sandbox.peer('tcp4 connect 127.0.0.1 9').end();
    for (const watch of [first, second])
      await watch.connection('a failure', (event) => event.phase === 'failed');
    await second.stop();
    await sandbox.peer('tcp4 connect 127.0.0.1 9').end();
    await first.caughtUp();
    expect(first.story()).toEqual(['attempted', 'failed:refused', 'attempted', 'failed:refused']);
    expect(second.story()).toEqual(['attempted', 'failed:refused']);
  });

  it.each(['before', 'after'])(
    'what another sockops program (attached %s) asked for still comes to it',
    async (when) => {
      writeFileSync(`${sandbox.folder}/foreign.bpf.c`, FOREIGN_PROGRAM);
      const object = `${sandbox.folder}/foreign.bpf.o`;
      const flags = [
        '-target',
        'bpf',
        '-O2',
        '-g',
        '-Ibuild/libbpf/include',
        `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
      ];
      execFileSync('clang-16', [...flags, '-c', `${sandbox.folder}/foreign.bpf.c`, '-o', object], {
        stdio: 'pipe',
      });
      const foreign: BpfObject = new (loadAddon().BpfObject)(object);
      const cgroup = openSync(sandbox.cgroup, 'r');
      try {
        foreign.load();
        if (when === 'before') foreign.attachCgroup('foreign', cgroup);
        const watch = watchOf(sandbox.cgroup);
        if (when === 'after') foreign.attachCgroup('foreign', cgroup);
        const server = sandbox.peer('tcp4 bind 127.0.0.1 0 listen port accept recv 5 send 7 eof close', {
          cgroup: 'none',
        });
        await sandbox.peer(`tcp4 connect 127.0.0.1 ${await server.number()} send 5 recv 7 close`).end();
        await watch.connection('the end', (event) => event.phase === 'closed');
        expect(watch.story()).toEqual(['attempted', 'established', 'closed:closed']);
        expect(foreign.mapLookup('rtts', new Uint8Array(4))?.readBigUInt64LE()).toBeGreaterThan(1n);
      } finally {
        foreign.close();
        closeSync(cgroup);
      }
    },
  );
});
