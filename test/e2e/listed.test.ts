import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { enterNamespace } from '../support/namespaces.ts';
import { sendFrames } from '../support/packet-watch.ts';
import { ETHER, ethernet, ipv4, PROTO, tcp, text } from '../support/packets.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, endTelegens, type Telegen, watch } from '../support/telegen.ts';

const missing = whyNoSandbox();
const LISTED = '198.51.100.7';

describe.skipIf(missing !== undefined)(`lists in the kernel, by the program ${missing ?? ''}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await endTelegens();
    await sandbox.endPrograms();
  });
  afterAll(() => sandbox.close());

  const start = (file: string, xdp: boolean, wrap: readonly string[]): Promise<Telegen> =>
    watch(sandbox, {
      wrap: [...wrap],
      config: {
        agent: {
          network: { xdp: { enabled: xdp }, security: { blocklists: [file], suspicious_ports: [] } },
        },
      },
      args: ['--output', 'jsonl', ...(xdp ? ['--events', 'packet_rate'] : [])],
    });
  const metric = async (series: string): Promise<number> => {
    const page = await sandbox
      .start(['curl', '-s', 'http://127.0.0.1:19090/metrics'], { cgroup: 'none' })
      .end();
    return Number(
      page
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  };
  const becomes = async (series: string, wanted: number): Promise<void> => {
    const end = Date.now() + 10_000;
    let found = await metric(series);
    while (found !== wanted && Date.now() < end) found = await metric(series);
    expect([series, found]).toEqual([series, wanted]);
  };

  it('follow the lists that change, after all capabilities were given up', async () => {
    const file = `${sandbox.folder}/bad.txt`;
    writeFileSync(file, '198.51.100.50\n2001:db8:bad::/64\n');
    const telegen = await start(file, false, enterNamespace(sandbox.namespaces.inside));
    await becomes('telegen_kernel_list_ranges{source="lists",family="ipv4"}', 1);
    await becomes('telegen_kernel_list_ranges{source="lists",family="ipv6"}', 1);
    writeFileSync(file, `198.51.100.50\n${LISTED}\n198.51.100.99\n`);
    await becomes('telegen_kernel_list_ranges{source="lists",family="ipv4"}', 3);
    await sandbox.peer(`tcp4 connect ${LISTED} 8080 close tcp4 connect 198.51.100.8 8080 close`).end();
    await becomes('telegen_kernel_listed_connections_total', 1);
    expect(await metric('telegen_kernel_list_left_out_ranges{source="lists",family="ipv4"}')).toBe(0);
    const { code, stderr } = await telegen.stop();
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(telegen.alerts().map((alert) => brief(alert, 'net.peer.ip'))).toEqual([LISTED]);
  });

  it('packets of listed addresses are counted and named', async () => {
    const file = `${sandbox.folder}/bad-packets.txt`;
    writeFileSync(file, `${LISTED}\n`);
    const telegen = await start(file, true, enterNamespace(sandbox.namespaces.inside));
    await telegen.says('interface wire: tc-ingress and tc-egress');
    const from = (src: string) =>
      ethernet(
        ETHER.ipv4,
        ipv4(
          { src, dst: '192.0.2.2', protocol: PROTO.tcp },
          tcp({ srcPort: 50_000, dstPort: 8443, flags: 'PA' }, text('x')),
        ),
      );
    await sendFrames(sandbox, [
      [from(LISTED), 30],
      [from('198.51.100.8'), 70],
    ]);
    await becomes('telegen_xdp_listed_packets_total{direction="inbound"}', 30);
    const named = (): string[] =>
      telegen
        .events()
        .filter(({ attributes }) => attributes['network.io.direction'] === 'inbound')
        .flatMap(({ attributes }) => (attributes['telegen.packets.listed'] ?? []) as string[]);
    await eventually(
      () => named().length > 0,
      () => `a window that names it; seen ${telegen.stdout()}`,
    );
    for (const line of named()) expect(line).toMatch(/^198\.51\.100\.7 packets=\d+ /);
  });
});
