import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { capacityFor, type RangesOf } from '../../src/capture/live/lists/kernel-lists.ts';
import type { LiveFlow } from '../../src/model/flow.ts';
import { compareIps, formatIp } from '../../src/net/ip.ts';
import { parseNetwork } from '../../src/net/prefix.ts';
import { uniteRanges } from '../../src/net/range-streams.ts';
import { atOnce } from '../../src/net/steps.ts';
import { inSlices } from '../../src/rule-files/in-slices.ts';
import { totals, type Watch, type WatchOptions, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { blockUntilEnded } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const skip = whyNoSandbox();

const rangesOf = (texts: readonly string[]): RangesOf => {
  const ranges = texts.map(parseNetwork).flatMap((parsed) => (parsed.ok ? [parsed.range] : []));
  ranges.sort((a, b) => compareIps(a.first, b.first));
  return (family) => uniteRanges(ranges.filter(({ first }) => first.family === family));
};

describe.skipIf(skip !== undefined)(`peers that are listed ${skip ? `(SKIP: ${skip})` : ''}`, () => {
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

  const start = (listed: readonly string[], options: Partial<WatchOptions> = {}): Watch => {
    watch = watchCgroup({
      cgroup: sandbox.cgroup,
      lists: {
        capacity: capacityFor({ 4: 1, 6: 1 }),
        fill: (kernel) => atOnce(kernel.replace('lists', rangesOf(listed))),
      },
      ...options,
    });
    return watch;
  };
  const list = (listed: readonly string[]): void =>
    atOnce(watch!.capture.lists!.replace('lists', rangesOf(listed)));
  const told = (phase?: string): string[] =>
    watch!.connections
      .filter((event) => phase === undefined || event.phase === phase)
      .map(({ remote, isListed }) => `${formatIp(remote.ip)} ${isListed === true}`);

  it.each([
    [
      'TCP, v4',
      'tcp4 connect 198.51.100.7 9 close tcp4 connect 198.51.100.8 9 close',
      ['198.51.100.7', '198.51.100.8'],
    ],
    [
      'TCP, v6',
      'tcp6 connect 2001:db8:bad::7 9 close tcp6 connect 2001:db8:bad::8 9 close',
      ['2001:db8:bad::7', '2001:db8:bad::8'],
    ],
    [
      'TCP, v4-mapped',
      'tcp6 connect ::ffff:198.51.100.7 9 close tcp6 connect ::ffff:198.51.100.8 9 close',
      ['198.51.100.7', '198.51.100.8'],
    ],
    [
      'UDP, one socket',
      'udp4 sendto 198.51.100.8 9 5 sendto 198.51.100.7 9 5 close',
      ['198.51.100.8', '198.51.100.7'],
    ],
    [
      'UDP, connected, v6',
      'udp6 connect 2001:db8:bad::7 9 send 5 close udp6 connect 2001:db8:bad::8 9 send 5 close',
      ['2001:db8:bad::7', '2001:db8:bad::8'],
    ],
    [
      'no route',
      'tcp4 connect 203.0.113.207 9 close tcp4 connect 203.0.113.208 9 close',
      ['203.0.113.207', '203.0.113.208'],
    ],
  ] as const)(
    '%s: the attempt and the end are marked, those of others are not',
    async (_, operations, peers) => {
      const capture = start(['198.51.100.7', '2001:db8:bad::7', '203.0.113.207/32']);
      await sandbox.peer(operations).end();
      await capture.connection('the last attempt', ({ remote }) => formatIp(remote.ip) === peers[1]);
      await capture.caughtUp();
      const mark = (ip: string) => `${ip} ${ip.endsWith('7')}`;
      expect(told('attempted')).toEqual(peers.map(mark));
      for (const line of told()) expect(peers.map(mark)).toContain(line);
      expect(watch!.capture.listed()).toBe(1);
    },
  );

  it('who is accepted, until the list no longer names it', async () => {
    start(['192.0.2.1', '2001:db8:1::1']);
    const server = sandbox.peer(
      'tcp6 bind :: 0 listen port accept recv 1 close accept recv 1 close accept recv 1 close',
    );
    const port = await server.number();
    const elsewhere = { cgroup: 'none', namespace: 'outside' } as const;
    await sandbox.peer(`tcp4 connect 192.0.2.2 ${port} send 1 close`, elsewhere).end();
    await sandbox.peer(`tcp6 connect 2001:db8:1::2 ${port} send 1 close`, elsewhere).end();
    await watch!.connection('both', ({ phase, remote }) => phase === 'accepted' && remote.ip.family === 6);
    list([]);
    await sandbox.peer(`tcp4 connect 192.0.2.2 ${port} send 1 close`, elsewhere).end();
    await server.end();
    await watch!.caughtUp();
    expect(told('accepted')).toEqual(['192.0.2.1 true', '2001:db8:1::1 true', '192.0.2.1 false']);
  });

  it('while lists change: what all versions name is always marked, what none names never', async () => {
    const COUNT = 4_000;
    start(['127.0.0.7']);
    const client = sandbox.peer(
      `repeat ${COUNT} tcp4 connect 127.0.0.7 9 close tcp4 connect 127.0.0.8 9 close`,
    );
    let isOver = false;
    let versions = 0;
    const ended = client.end().finally(() => {
      isOver = true;
    });
    const filler = Array.from({ length: 3_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`);
    while (!isOver) {
      // Each version has the address in another place.
      const some = ['127.0.0.7', '127.0.0.9', ...filler.slice(versions % 1_000)];
      await inSlices(watch!.capture.lists!.replace('lists', rangesOf(some)));
      versions++;
      // Others want their turn, too.
      await setImmediate();
    }
    await ended;
    await watch!.caughtUp();
    const counts = new Map<string, number>();
    for (const line of told('attempted')) counts.set(line, (counts.get(line) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({ '127.0.0.7 true': COUNT, '127.0.0.8 false': COUNT });
    expect(versions).toBeGreaterThan(20);
  });

  it('a flood of others does not hide them: the last of the ring is theirs', async () => {
    start(['127.0.0.7'], { ringBufferSize: 65_536, phases: ['attempted'] });
    const [others, theirs] = [
      sandbox.peer('say ready wait repeat 8000 udp4 sendto 127.0.0.8 9 1 close'),
      sandbox.peer('say ready wait repeat 20 udp4 sendto 127.0.0.7 9 1 close'),
    ];
    for (const program of [others, theirs]) await program.line();
    others.go();
    blockUntilEnded(others);
    const { dropped } = totals(watch!.capture.counters());
    // Still nobody has read anything.
    theirs.go();
    blockUntilEnded(theirs);
    expect(dropped).toBeGreaterThan(0);
    expect(totals(watch!.capture.counters()).dropped).toBe(dropped);
    await watch!.caughtUp();
    expect(told('attempted').filter((line) => line === '127.0.0.7 true')).toHaveLength(20);
  });

  it('sampling never leaves them out', async () => {
    const flows: string[] = [];
    const onFlow = (flow: LiveFlow): void => {
      const event = flow.event();
      if (event !== undefined) flows.push(`${formatIp(event.remote.ip)} ${event.isListed ?? false}`);
    };
    const elsewhere = { cgroup: 'none', namespace: 'outside' } as const;
    const server = sandbox.peer(`tcp4 bind 0.0.0.0 0 listen port ${'accept '.repeat(40)} wait`, elsewhere);
    const port = await server.number();
    start(['198.51.100.7'], { flows: { sampleRate: 4_000_000_000, everyMs: 100, onFlow } });
    for (const ip of ['198.51.100.7', '198.51.100.8'])
      sandbox.peer(`${`tcp4 connect ${ip} ${port} send 3 `.repeat(20)} wait`);
    await eventually(
      () => flows.filter((line) => line === '198.51.100.7 true').length >= 20,
      () => `all flows to the listed peer: ${flows.length}`,
    );
    expect(flows.filter((line) => !line.startsWith('198.51.100.7 true'))).toEqual([]);
  });
});
