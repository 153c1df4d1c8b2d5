import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { InterfaceWay } from '../../src/capture/addon.ts';
import type { PacketMode } from '../../src/capture/live/packets/choose.ts';
import type { ProbeEvent } from '../../src/model/packets.ts';
import { formatIp } from '../../src/net/ip.ts';
import { enterNamespace } from '../support/namespaces.ts';
import { type Load, type PacketWatch, sendFrames, watchPackets } from '../support/packet-watch.ts';
import {
  type Bytes,
  ETHER,
  ethernet,
  icmp,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
} from '../support/packets.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const missing = whyNoSandbox();
const [HOST, HOST6, PEER] = ['192.0.2.2', '2001:db8:1::2', '192.0.2.1'];

const frame4 = (src: string, protocol: number, payload: Bytes, dst = HOST): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ src, dst, protocol }, payload));
const syn = (src: string, dstPort: number, flags = 'S'): Bytes =>
  frame4(src, PROTO.tcp, tcp({ srcPort: 40_000, dstPort, flags }));

describe.skipIf(missing !== undefined)(`packets on interfaces ${missing ?? ''}`, () => {
  let sandbox: Sandbox;
  let watch: PacketWatch | undefined;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await watch?.close();
    watch = undefined;
    await sandbox.endPrograms();
  });
  afterAll(() => sandbox.close());

  const ip = (namespace: 'inside' | 'outside', words: string): void => {
    const [command, ...args] = [...enterNamespace(sandbox.namespaces[namespace]), 'ip', ...words.split(' ')];
    execFileSync(command as string, args, { stdio: 'pipe' });
  };
  const probeText = ({ probe, source, target, port, answer, interface: name }: ProbeEvent): string =>
    `${name} ${probe} ${formatIp(source)} > ${formatIp(target)} ${port} ${answer}`;

  it.each<{ mode: PacketMode; inbound: InterfaceWay }>([
    { mode: 'auto', inbound: 'tc-ingress' },
    { mode: 'generic', inbound: 'xdp-generic' },
    { mode: 'native', inbound: 'xdp-native' },
  ])('$mode: a million frames over a wire are counted to the packet', async ({ mode, inbound }) => {
    watch = await watchPackets(sandbox, { settings: { mode } });
    expect(watch.now.interfaces).toMatchObject([{ name: 'wire', inbound, outbound: 'tc-egress' }]);
    const sources = Array.from({ length: 100 }, (_, i) => `198.51.100.${i}`);
    const load: Load = [
      // To nobody: a MAC address that is not the host's.
      ...sources.map((src, i) => [syn(src, 8080), 4000 + i] as const),
      [frame4('203.0.113.9', PROTO.udp, udp({ srcPort: 5000, dstPort: 53 }, text('q'))), 300_000],
      [
        ethernet(
          ETHER.ipv6,
          ipv6({ src: '2001:db8:bad::1', dst: HOST6, protocol: PROTO.tcp }, tcp({ dstPort: 443 })),
        ),
        200_000,
      ],
      [frame4('203.0.113.9', PROTO.icmp, icmp(8, 0, text('?'))), 50_000],
      [
        ethernet(
          ETHER.vlan,
          vlan(
            7,
            ETHER.ipv4,
            ipv4({ src: '203.0.113.10', protocol: PROTO.udp }, udp({ dstPort: 123 }, text('?'))),
          ),
        ),
        30_000,
      ],
      [
        ethernet(ETHER.ipv4, ipv4({ src: '203.0.113.11', protocol: PROTO.udp, offset: 1480 }, text('rest'))),
        10_000,
      ],
      [ethernet(ETHER.ipv4, text('short')), 50],
      [ethernet(0x88b5, new Uint8Array(46)), 5_000],
    ];
    const sent = await sendFrames(sandbox, load);
    expect(sent).toBe(1_000_000);
    const { until, services } = watch;
    await until(() => (services('wire', 'inbound')['other/0'] ?? 0) >= 5_050, 'the last frame');
    await watch.tick();
    const seen = services('wire', 'inbound');
    expect(seen).toMatchObject({
      'tcp/8080': 404_950,
      'udp/53': 300_000,
      'tcp/443': 200_000,
      'icmp/0': 50_000,
      'udp/123': 30_000,
      'udp/0': 10_000,
      'other/0': 5_050,
    });
    const inboundWindows = watch.windows.filter(({ direction }) => direction === 'inbound');
    const total = (field: 'syn' | 'bytes'): number =>
      inboundWindows.reduce((sum, { total: window }) => sum + window[field], 0);
    expect(total('syn')).toBe(404_950);
    // What the machines say to each other by themselves (neighbour discovery) is counted as well, as ICMPv6.
    const wire = load.reduce((sum, [frame, count]) => sum + frame.length * count, 0);
    const own = inboundWindows.flatMap(({ services: list }) =>
      list.filter(({ protocol }) => protocol === 'icmpv6'),
    );
    expect(total('bytes') - own.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(wire);
    expect(watch.now.stats).toMatchObject({ folded: 0, sources_untracked: 0, malformed: 50 });
  });

  it('segments that the stack put together count as what goes over the wire', async () => {
    watch = await watchPackets(sandbox);
    const server = sandbox.peer('tcp4 bind 192.0.2.2 0 listen port accept eof');
    const port = await server.number();
    const client = sandbox.peer(`tcp4 connect ${HOST} ${port} send 60000 ${'send 60000 '.repeat(15)} close`, {
      cgroup: 'none',
      namespace: 'outside',
    });
    await client.end();
    const key = `tcp/${port}`;
    await watch.until(() => watch!.windows.some(({ total }) => total.fin > 0), 'the end of the connection');
    const windows = watch.windows.filter(({ direction }) => direction === 'inbound');
    const bytes = windows
      .flatMap(({ services }) => services.filter((each) => `${each.protocol}/${each.port}` === key))
      .reduce((sum, each) => ({ bytes: sum.bytes + each.bytes, packets: sum.packets + each.packets }), {
        bytes: 0,
        packets: 0,
      });
    // Each segment carries at most 1,448 bytes and has 66 bytes of headers.
    expect(bytes.packets).toBeGreaterThanOrEqual(Math.ceil(960_000 / 1448));
    expect(bytes.bytes).toBeGreaterThanOrEqual(960_000 + Math.ceil(960_000 / 1448) * 66);
    expect(bytes.bytes).toBeLessThan(960_000 + bytes.packets * 80);
  });

  it('an XDP program that is there already stays; what arrives is seen at TC', async () => {
    const other = await watchPackets(sandbox, { settings: { mode: 'generic' } });
    watch = await watchPackets(sandbox, { settings: { mode: 'generic' } });
    expect(watch.now.interfaces).toMatchObject([
      {
        name: 'wire',
        outbound: 'tc-egress',
        reason: expect.stringMatching(/^xdp-generic: another XDP program is attached, it stays/),
      },
    ]);
    expect(watch.messages.join()).toContain('inbound packets are not seen');
    await watch.close();
    watch = await watchPackets(sandbox);
    expect(watch.now.interfaces).toMatchObject([{ inbound: 'tc-ingress', outbound: 'tc-egress' }]);
    await sendFrames(sandbox, [[syn('198.51.100.1', 7), 10]]);
    for (const each of [watch, other])
      await each.until(() => each.services('wire', 'inbound')['tcp/7'] === 10, 'ten packets');
    for (const each of [watch, other]) {
      const ten = each.windows.flatMap(({ services }) => services.filter(({ port }) => port === 7));
      expect(ten.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(10 * syn('198.51.100.1', 7).length);
    }
    await other.close();
  });

  it('interfaces are followed as they come, go and come again; globs say which', async () => {
    watch = await watchPackets(sandbox, {
      settings: { include: ['wire', 'tap*', 'lo*'], exclude: ['tap-no*'] },
    });
    const names = (): string => watch!.now.interfaces.map(({ name }) => name).join();
    // Loopback only where it is named in full.
    expect(names()).toBe('wire');
    for (let round = 0; round < 2; round++) {
      ip('inside', `link add tap1 type veth peer name other1 netns ${sandbox.namespaces.outside}`);
      ip('inside', 'link add tap-no type veth peer name other2');
      ip('inside', 'link set tap1 up');
      ip('outside', 'link set other1 up');
      await watch.until(() => names() === 'wire,tap1', 'the new interface');
      const before = watch.services('tap1', 'inbound')['tcp/9'] ?? 0;
      await sendFrames(sandbox, [[syn('198.51.100.1', 9), 100]], { link: 'other1' });
      await watch.until(() => watch!.services('tap1', 'inbound')['tcp/9'] === before + 100, 'its packets');
      ip('inside', 'link del tap1');
      ip('inside', 'link del tap-no');
      await watch.until(() => names() === 'wire', 'the end of the interface');
    }
    expect(watch.messages.filter((message) => message.includes('gone'))).toHaveLength(2);
    await sendFrames(sandbox, [[syn('198.51.100.1', 9), 5]]);
    await watch.until(
      () => watch!.services('wire', 'inbound')['tcp/9'] === 5,
      'the other interface to go on',
    );
  });

  it('an interface with another name is another interface', async () => {
    ip('inside', `link add first type veth peer name other3 netns ${sandbox.namespaces.outside}`);
    watch = await watchPackets(sandbox, { settings: { include: ['first', 'second'] } });
    expect(watch.now.interfaces).toMatchObject([{ name: 'first' }]);
    ip('inside', 'link set first name second');
    await watch.until(() => watch!.now.interfaces[0]?.name === 'second', 'the new name');
    ip('inside', 'link del second');
  });

  it('an interface that is silent from the start says so, sixty times: from there rates rise', async () => {
    ip('inside', `link add quiet type veth peer name other4 netns ${sandbox.namespaces.outside}`);
    watch = await watchPackets(sandbox, { settings: { include: ['quiet'] } });
    for (let i = 0; i < 70; i++) await watch.tick();
    const inbound = watch.windows.filter(({ direction }) => direction === 'inbound');
    expect(inbound).toHaveLength(60);
    expect(inbound.every(({ total }) => total.packets === 0)).toBe(true);
    ip('inside', 'link del quiet');
  });

  it('probes are told once each, with what was answered', async () => {
    const server = sandbox.peer('tcp4 bind 192.0.2.2 0 listen port wait');
    const open = await server.number();
    watch = await watchPackets(sandbox);
    const nmap = (args: string): Promise<string> =>
      sandbox
        .start(['nmap', '-n', '--disable-arp-ping', '--max-retries', '1', ...args.split(' '), HOST], {
          cgroup: 'none',
          namespace: 'outside',
        })
        .end();
    const closed = open === 9 ? 10 : 9;
    await nmap(`-Pn -sS -p ${open},${closed}`);
    await nmap(`-Pn -sN -p ${closed}`);
    await nmap(`-Pn -sF -p ${closed}`);
    await nmap(`-Pn -sX -p ${closed}`);
    await nmap(`-Pn -sU -p ${closed}`);
    await nmap('-sn -PE');
    const expected = [
      `wire syn ${PEER} > ${HOST} ${open} open`,
      `wire syn ${PEER} > ${HOST} ${closed} rst`,
      `wire null ${PEER} > ${HOST} ${closed} rst`,
      `wire fin ${PEER} > ${HOST} ${closed} rst`,
      `wire xmas ${PEER} > ${HOST} ${closed} rst`,
      `wire udp ${PEER} > ${HOST} ${closed} rst`,
      `wire icmp_echo ${PEER} > ${HOST} 0 open`,
    ];
    await watch.until(() => watch!.probes.length >= expected.length, 'all probes');
    for (let i = 0; i < 5; i++) await watch.tick();
    expect(watch.probes.map(probeText).toSorted()).toEqual(expected.toSorted());
  });

  it('IPv6 probes, and those that nobody answers', async () => {
    watch = await watchPackets(sandbox);
    const mac = execFileSync(
      'nsenter',
      [`--net=/run/netns/${sandbox.namespaces.inside}`, 'ip', '-br', 'link', 'show', 'wire'],
      { encoding: 'utf8' },
    ).split(/\s+/)[2];
    const toHost = (frame: Bytes): Bytes =>
      new Uint8Array([...Buffer.from((mac ?? '').replaceAll(':', ''), 'hex'), ...frame.subarray(6)]);
    await sendFrames(sandbox, [
      [
        toHost(
          ethernet(
            ETHER.ipv6,
            ipv6(
              { src: '2001:db8:bad::7', dst: HOST6, protocol: PROTO.tcp },
              tcp({ dstPort: 22, flags: 'S' }),
            ),
          ),
        ),
        3,
      ],
      // For another machine, so that nobody answers.
      [syn('198.51.100.3', 23), 3],
      // Addresses that are not this host's, multicast among them.
      [frame4('198.51.100.3', PROTO.tcp, tcp({ dstPort: 24, flags: 'S' }), '192.0.2.77'), 3],
      [frame4('198.51.100.3', PROTO.udp, udp({ srcPort: 5353, dstPort: 5353 }, text('?')), '224.0.0.251'), 3],
      // The late answer of a name server.
      [frame4('198.51.100.3', PROTO.udp, udp({ srcPort: 53, dstPort: 40_001 }, text('!'))), 3],
    ]);
    await watch.until(() => watch!.probes.length >= 2, 'two probes');
    for (let i = 0; i < 5; i++) await watch.tick();
    expect(
      watch.probes
        .map(probeText)
        .map((line) => line.replace(/ (none|rst)$/, ''))
        .toSorted(),
    ).toEqual([`wire syn 198.51.100.3 > ${HOST} 23`, `wire syn 2001:db8:bad::7 > ${HOST6} 22`]);
    expect(watch.probes.find(({ port }) => port === 23)?.answer).toBe('none');
  });

  it('a flood from made-up sources fills neither table nor tongue', async () => {
    watch = await watchPackets(sandbox);
    const flood: Load = Array.from(
      { length: 20_000 },
      (_, i) => [syn(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 80), 1] as const,
    );
    await sendFrames(sandbox, flood);
    await watch.until(() => watch!.services('wire', 'inbound')['tcp/80'] === 20_000, 'all of it');
    const { stats } = watch.now;
    const probes = stats?.probes ?? 0;
    expect(probes + (stats?.probes_limited ?? 0) + (stats?.probes_untracked ?? 0)).toBe(20_000);
    expect(probes).toBeLessThan(5_000);
    expect(probes).toBeGreaterThan(0);
    await watch.until(() => watch!.probes.length === probes, 'those that were kept');
  });

  it('outbound packets have the process that sent them', async () => {
    watch = await watchPackets(sandbox, { cgroup: sandbox.cgroup });
    const code = `import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\nfor i in range(500): s.sendto(b"x",("198.51.100.9",9999))\ninput()`;
    const program = sandbox.start(['python3', '-c', code]);
    await watch.until(() => watch!.services('wire', 'outbound')['udp/9999'] === 500, 'its packets');
    const senders = watch.windows
      .flatMap((window) => window.senders ?? [])
      .filter(({ owner }) => owner.pid === program.pid);
    expect(senders.reduce((sum, { packets }) => sum + packets, 0)).toBe(500);
    expect(senders[0]?.owner.comm).toMatch(/^python3/);
    program.go();
    await program.end();
  });

  it('a tunnel has no link header: its packets begin at the IP header, at TC whatever the mode', async () => {
    ip('inside', 'tuntap add dev tun1 mode tun');
    ip('inside', 'link set tun1 up');
    ip('inside', 'addr add 198.18.0.1/24 dev tun1');
    ip('inside', 'addr add 2001:db8:77::1/64 dev tun1 nodad');
    watch = await watchPackets(sandbox, { settings: { include: ['tun1'], mode: 'native' } });
    expect(watch.now.interfaces).toMatchObject([{ inbound: 'tc-ingress', outbound: 'tc-egress' }]);
    const place = { cgroup: 'none', namespace: 'inside' } as const;
    await sandbox.peer('udp4 repeat 20 sendto 198.18.0.9 9999 100', place).end();
    await sandbox.peer('udp6 repeat 10 sendto 2001:db8:77::9 9998 100', place).end();
    const seen = (port: number): { packets: number; bytes: number } =>
      watch!.windows
        .filter(({ direction }) => direction === 'outbound')
        .flatMap(({ services }) => services.filter((each) => each.protocol === 'udp' && each.port === port))
        .reduce((sum, each) => ({ packets: sum.packets + each.packets, bytes: sum.bytes + each.bytes }), {
          packets: 0,
          bytes: 0,
        });
    await watch.until(() => seen(9999).packets === 20 && seen(9998).packets === 10, 'its packets');
    expect([seen(9999).bytes, seen(9998).bytes]).toEqual([20 * (20 + 8 + 100), 10 * (40 + 8 + 100)]);
    ip('inside', 'link del tun1');
  });

  it('leaves nothing on the interface, however it ends', async () => {
    watch = await watchPackets(sandbox, { settings: { mode: 'generic' } });
    const programs = (): string =>
      execFileSync(
        'nsenter',
        [`--net=/run/netns/${sandbox.namespaces.inside}`, 'ip', '-d', 'link', 'show', 'wire'],
        { encoding: 'utf8' },
      );
    expect(programs()).toContain('xdp');
    await watch.close();
    watch = await watchPackets(sandbox, { settings: { mode: 'generic' } });
    expect(watch.now.interfaces).toMatchObject([{ inbound: 'xdp-generic' }]);
    await watch.close();
    watch = undefined;
    expect(programs()).not.toContain('xdp');
  });
});
