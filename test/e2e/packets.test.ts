import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { enterNamespace } from '../support/namespaces.ts';
import { sendFrames } from '../support/packet-watch.ts';
import { type Bytes, ETHER, ethernet, ipv4, PROTO, tcp, text } from '../support/packets.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, command, endTelegens, type Telegen, watch } from '../support/telegen.ts';

const missing = whyNoSandbox();
const HOST = '192.0.2.2';

const segment = (dstPort: number, flags: string, payload = ''): Bytes =>
  ethernet(
    ETHER.ipv4,
    ipv4(
      { src: '198.51.100.7', dst: HOST, protocol: PROTO.tcp },
      tcp({ srcPort: 50_000, dstPort, flags }, text(payload)),
    ),
  );

describe.skipIf(missing !== undefined)(`telegen run with packets ${missing ?? ''}`, () => {
  let sandbox: Sandbox;
  let inside: string[];
  beforeAll(async () => {
    sandbox = await openSandbox();
    inside = enterNamespace(sandbox.namespaces.inside);
  });
  afterEach(async () => {
    await endTelegens();
    await sandbox.endPrograms();
  });
  afterAll(() => sandbox.close());

  const start = (xdp: object, args: readonly string[]): Promise<Telegen> =>
    watch(sandbox, {
      wrap: inside,
      config: { agent: { network: { xdp: { enabled: true, ...xdp } } } },
      args: ['--output', 'jsonl', ...args],
    });

  it('windows and probes come as events; status, metrics and top show them', async () => {
    const telegen = await start({ sample_rate: 1 }, ['--events', 'packet_rate,probe']);
    await telegen.says('interface wire: tc-ingress and tc-egress');
    await sendFrames(sandbox, [
      [segment(22, 'S'), 1],
      [segment(8443, 'PA', 'GET / HTTP/1.1\r\n'), 300],
    ]);
    const counted = (): number =>
      telegen
        .events()
        .filter(
          ({ attributes }) =>
            attributes['event.name'] === 'packet_rate' && attributes['network.io.direction'] === 'inbound',
        )
        .flatMap(({ attributes }) => attributes['telegen.packets.services'] as readonly string[])
        .filter((line) => line.startsWith('tcp/8443 '))
        .reduce((sum, line) => sum + Number(/packets=(\d+)/.exec(line)?.[1]), 0);
    await eventually(
      () => counted() === 300,
      () => `300 packets; seen ${telegen.stdout()}`,
    );
    await eventually(
      () => telegen.events().some(({ attributes }) => attributes['event.name'] === 'probe'),
      () => `a probe; seen ${telegen.stdout()}`,
    );
    const probe = telegen.events().find(({ attributes }) => attributes['event.name'] === 'probe');
    expect(
      brief(
        probe!,
        'network.interface.name',
        'telegen.probe.kind',
        'net.peer.ip',
        'net.host.port',
        'telegen.probe.answer',
      ),
    ).toBe('wire syn 198.51.100.7 22 none');

    await sendFrames(sandbox, [[segment(8443, 'PA', 'GET / HTTP/1.1\r\n'), 40]]);
    const talkers = async (): Promise<string> => {
      const { code, stdout, stderr } = await command(['top', '--once', '--format', 'json'], { wrap: inside });
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    let report = '';
    await eventually(() => counted() === 340, 'forty more');
    report = await talkers();
    expect(JSON.parse(report)).toMatchObject({
      interfaces: [{ name: 'wire', inbound: 'tc-ingress', outbound: 'tc-egress' }],
      counters: { malformed: 0, samples_lost: 0 },
      tables: { services: expect.any(Number) as number },
    });
    const screen = await command(['top', '--once'], { wrap: inside });
    expect([screen.code, screen.stdout]).toEqual([
      0,
      expect.stringContaining('watching wire (in: tc-ingress, out: tc-egress)'),
    ]);

    const metrics = await sandbox
      .start(['curl', '-s', 'http://127.0.0.1:19090/metrics'], { cgroup: 'none' })
      .end();
    const value = (series: string): number =>
      Number(
        metrics
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1],
      );
    expect(
      value(
        'telegen_xdp_packets_total{interface="wire",direction="inbound",protocol="tcp",port_class="user"}',
      ),
    ).toBe(340);
    expect(
      value(
        'telegen_xdp_application_packets_total{interface="wire",direction="inbound",application="http",port_class="user"}',
      ),
    ).toBe(340);
    expect(value('telegen_xdp_probes_total{interface="wire",kind="syn",answer="none"}')).toBe(1);
    expect(value('telegen_xdp_interface{interface="wire",direction="inbound",way="tc-ingress"}')).toBe(1);
    expect(value('telegen_sample_rate{signal="xdp"}')).toBe(1);
    const { code } = await telegen.stop();
    expect(code).toBe(0);
  });

  it('without packets, top says what to switch on', async () => {
    const telegen = await watch(sandbox, { wrap: inside });
    await telegen.says('metrics and topology at');
    const { code, stderr } = await command(['top', '--once'], { wrap: inside });
    expect([code, stderr]).toEqual([1, expect.stringContaining('agent.network.xdp.enabled')]);
    await telegen.stop();
  });

  it('a filter leaves nothing out of the totals', async () => {
    const telegen = await start({ filters: { ports: [443], protocols: ['tcp'] }, mode: 'generic' }, [
      '--events',
      'packet_rate',
    ]);
    await telegen.says('interface wire: xdp-generic and tc-egress');
    await sendFrames(sandbox, [
      [segment(443, 'A'), 100],
      [segment(80, 'A'), 50],
    ]);
    const sums = (): Record<string, number> => {
      const all: Record<string, number> = {};
      for (const { attributes } of telegen.events())
        if (attributes['network.io.direction'] === 'inbound')
          for (const line of attributes['telegen.packets.services'] as readonly string[]) {
            const [service = '', packets] = line.replace('packets=', '').split(' ');
            all[service] = (all[service] ?? 0) + Number(packets);
          }
      return all;
    };
    await eventually(
      () => sums()['tcp/443'] === 100 && sums()['tcp/0'] === 50,
      () => `all packets; ${JSON.stringify(sums())}`,
    );
    await telegen.stop();
  });
});
