import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EndReason } from '../../src/model/event.ts';
import { formatIp } from '../../src/net/ip.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { filterArrivals } from '../support/namespaces.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const ERRNO = { ENETUNREACH: 101, ETIMEDOUT: 110, ECONNREFUSED: 111, EHOSTUNREACH: 113, EACCES: 13 } as const;

interface Failure {
  readonly name: string;
  readonly v4: string;
  readonly v6: string;
  /** What the outer namespace does with the SYN. */
  readonly filter?: string;
  /** Words of the peer around `connect`. */
  readonly before?: string;
  readonly after?: string;
  /** What connect() told the program. */
  readonly told: keyof typeof ERRNO | 'EINPROGRESS';
  readonly reason: EndReason;
  /** Errno in the event; none when no packet was ever sent, or nothing but the program ended it. */
  readonly errno?: number;
}

const PORT = 4444;

const FAILURES: readonly Failure[] = [
  {
    name: 'refused by the far host',
    v4: '198.51.100.1',
    v6: '2001:db8:bad::1',
    told: 'ECONNREFUSED',
    reason: 'refused',
    errno: ERRNO.ECONNREFUSED,
  },
  {
    name: 'refused by a firewall with a reset',
    v4: '198.51.100.2',
    v6: '2001:db8:bad::2',
    filter: 'reject with tcp reset',
    told: 'ECONNREFUSED',
    reason: 'refused',
    errno: ERRNO.ECONNREFUSED,
  },
  {
    name: 'timeout: SYN dropped',
    v4: '198.51.100.3',
    v6: '2001:db8:bad::3',
    filter: 'drop',
    before: 'syncnt 1',
    told: 'ETIMEDOUT',
    reason: 'timeout',
    errno: ERRNO.ETIMEDOUT,
  },
  {
    name: 'unreachable: ICMP host unreachable',
    v4: '198.51.100.4',
    v6: '2001:db8:bad::4',
    filter: 'reject with icmpx type host-unreachable',
    told: 'EHOSTUNREACH',
    reason: 'unreachable',
    errno: ERRNO.EHOSTUNREACH,
  },
  {
    name: 'no route',
    v4: '203.0.113.200',
    v6: '2001:db8:ffff::1',
    told: 'ENETUNREACH',
    reason: 'unreachable',
  },
  {
    name: 'the program gives up',
    v4: '198.51.100.6',
    v6: '2001:db8:bad::6',
    filter: 'drop',
    before: 'nonblock',
    after: 'close',
    told: 'EINPROGRESS',
    reason: 'aborted',
  },
  {
    name: 'the process ends meanwhile',
    v4: '198.51.100.7',
    v6: '2001:db8:bad::7',
    filter: 'drop',
    before: 'nonblock',
    after: 'exit',
    told: 'EINPROGRESS',
    reason: 'aborted',
  },
];

const FAMILIES = [
  { family: 'v4', tcp: 'tcp4', address: ({ v4 }: Failure) => v4 },
  { family: 'v6', tcp: 'tcp6', address: ({ v6 }: Failure) => v6 },
  { family: 'v4-mapped', tcp: 'tcp6', address: ({ v4 }: Failure) => `::ffff:${v4}` },
] as const;

const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(`TCP that fails ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;

  beforeAll(async () => {
    sandbox = await openSandbox();
    filterArrivals(
      sandbox.namespaces.outside,
      FAILURES.flatMap(({ filter, v4, v6 }) =>
        filter === undefined
          ? []
          : [`ip daddr ${v4} tcp dport ${PORT} ${filter}`, `ip6 daddr ${v6} tcp dport ${PORT} ${filter}`],
      ),
    );
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await watch?.stop();
  });
  afterAll(() => sandbox?.close());

  describe.each([
    { objects: 'both objects', extra: true },
    { objects: 'the core object alone', extra: false },
  ])('with $objects', ({ extra }) => {
    it.each(FAMILIES)(
      '$family: each failure is attempted once and failed once, with its reason',
      async ({ tcp, address }) => {
        watch = watchCgroup({ cgroup: sandbox.cgroup, extra });
        const running = FAILURES.map((failure) => {
          const { before = '', after = 'close' } = failure;
          const peer = sandbox.peer(`${tcp} ${before} connect ${address(failure)} ${PORT} ${after}`);
          return { failure, peer };
        });
        for (const { failure, peer } of running) {
          expect(await peer.end(), failure.name).toBe(`connect ${failure.told}\n`);
          const failed = await watch.connection(
            failure.name,
            (event) => event.phase === 'failed' && event.owner?.pid === peer.pid,
          );
          await watch.caughtUp();
          expect(watch.story(peer.pid), failure.name).toEqual(['attempted', `failed:${failure.reason}`]);
          expect(failed, failure.name).toMatchObject({
            role: 'client',
            transport: 'tcp',
            attribution: 'socket',
          });
          expect(failed.remote.port).toBe(PORT);
          expect(formatIp(failed.remote.ip)).toBe(address(failure).replace('::ffff:', ''));
          expect(failed.errno, failure.name).toBe(extra ? failure.errno : undefined);
          expect(failed.stats, failure.name).toMatchObject({ bytesSent: 0, bytesReceived: 0 });
        }
        expect(watch.connections).toHaveLength(2 * FAILURES.length);
        expect(watch.warnings).toEqual([]);
      },
    );
  });

  it('tells how long a timeout took and how often it was tried', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const peer = sandbox.peer(`tcp4 syncnt 1 connect 198.51.100.3 ${PORT} close`);
    await peer.end();
    const failed = await watch.connection('the timeout', (event) => event.phase === 'failed');
    const retransmits = failed.stats?.retransmits ?? 0;
    // Newer kernels add attempts of their own to TCP_SYNCNT.
    expect(retransmits).toBeGreaterThanOrEqual(1);
    expect(failed.stats).toMatchObject({ segmentsSent: 1 + retransmits, segmentsReceived: 0 });
    expect(failed.stats?.durationMs).toBeGreaterThan(900);
  });

  it('two attempts on one socket are two attempts', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const peer = sandbox.peer(
      'tcp4 connect 198.51.100.1 4001 connect 198.51.100.1 4002 connect 203.0.113.200 4003 connect 198.51.100.1 4004',
    );
    expect(await peer.end()).toBe(
      'connect ECONNREFUSED\nconnect ECONNREFUSED\nconnect ENETUNREACH\nconnect ECONNREFUSED\n',
    );
    await watch.connection('the last', (event) => event.phase === 'failed' && event.remote.port === 4004);
    await watch.caughtUp();
    expect(watch.connections.map((event) => [event.phase, event.remote.port, event.reason])).toEqual(
      [4001, 4002, 4003, 4004].flatMap((port) => [
        ['attempted', port, undefined],
        ['failed', port, port === 4003 ? 'unreachable' : 'refused'],
      ]),
    );
  });

  it('asking again while one attempt is under way is no second attempt', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const peer = sandbox.peer(
      `tcp4 nonblock connect 198.51.100.3 ${PORT} connect 198.51.100.3 ${PORT} close`,
    );
    expect(await peer.end()).toBe('connect EINPROGRESS\nconnect EALREADY\n');
    await watch.caughtUp();
    expect(watch.story()).toEqual(['attempted', 'failed:aborted']);
  });

  it.each([true, false])('established, then silence until the kernel gives up (extra: %s)', async (extra) => {
    watch = watchCgroup({ cgroup: sandbox.cgroup, extra });
    const server = sandbox.peer('tcp4 bind 198.51.100.8 0 listen port accept wait', {
      namespace: 'outside',
      cgroup: 'none',
    });
    const port = await server.number();
    const client = sandbox.peer(
      `tcp4 timeout 1500 connect 198.51.100.8 ${port} say connected wait send 5 eof`,
    );
    await client.line();
    filterArrivals(sandbox.namespaces.inside, ['iif wire drop']);
    client.go();
    const closed = await watch.connection('the end', (event) => event.phase === 'closed');
    filterArrivals(sandbox.namespaces.inside, []);
    expect(closed).toMatchObject({ reason: 'timeout', ...(extra ? { errno: ERRNO.ETIMEDOUT } : {}) });
    expect(watch.story()).toEqual(['attempted', 'established', 'closed:timeout']);
  });
});
