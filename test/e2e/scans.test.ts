import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { enterNamespace } from '../support/namespaces.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type OutputLine, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();
const NMAP = '/usr/bin/nmap';
/** Refuses on every port, as all of its network does. */
const HOST = '198.51.100.50';

describe.skipIf(skip !== undefined)(
  `scans out of this host${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
    });
    afterAll(() => sandbox?.close());

    /** Alerts of the scan detector on what a program did until its end. */
    async function scansOf(argv: readonly string[], scan: object = {}): Promise<OutputLine[]> {
      const security = { suspicious_ports: [], scan };
      const config = { rules: { enabled: false }, agent: { network: { security } } };
      const telegen = await watch(sandbox, { config });
      await sandbox.start(argv).end();
      const { code, stderr } = await telegen.stop();
      expect(code, stderr).toBe(0);
      return telegen.alerts().filter(({ attributes }) => attributes['telegen.detector'] === 'scan');
    }
    const nmap = (...words: readonly string[]) => [
      NMAP,
      '-sT',
      '-Pn',
      '-n',
      '-T4',
      '--max-retries',
      '0',
      ...words,
    ];

    it('nmap -sT over the ports of one host names nmap, once', async () => {
      const alerts = await scansOf(nmap('-p', '1-240', HOST));
      expect(alerts).toHaveLength(1);
      expect(alerts[0]).toMatchObject({
        severity: 'ERROR',
        body: `TCP port scan by ${NMAP}: 25 ports of ${HOST} tried in vain`,
        attributes: {
          'network.event_type': 'port_scan',
          'network.io.direction': 'outbound',
          'telegen.reasons': ['connect_scan'],
          'telegen.scan.shape': 'vertical',
          'telegen.scan.targets': [HOST],
          'net.peer.ip': HOST,
          'process.executable.path': NMAP,
          'process.command_line': expect.stringContaining('-sT'),
        },
      });
    });

    it('nmap -sT over the hosts of a network is a sweep, named once', async () => {
      const alerts = await scansOf(nmap('-p', '81', '198.51.100.0/25'));
      expect(alerts.map(({ body }) => body)).toEqual([
        `TCP sweep by ${NMAP}: 50 hosts tried in vain on port 81`,
      ]);
    });

    it('a script that begins a process for each port is seen as one program', async () => {
      const loop = `for port in $(seq 1 60); do /bin/nc -z ${HOST} $port; done; true`;
      const alerts = await scansOf(['/bin/bash', '-c', loop]);
      expect(alerts).toHaveLength(1);
      expect(alerts[0]?.attributes).toMatchObject({
        'telegen.scan.port_count': 25,
        'telegen.scan.technique': 'connect',
      });
    });

    it('a program that is refused again and again is a reconnect storm, and no scan', async () => {
      const storm = `
import socket
for _ in range(200):
    try: socket.create_connection(("${HOST}", 8080), 5)
    except OSError: pass`;
      // A window that holds on the slowest of machines.
      const alerts = await scansOf(['/usr/bin/python3', '-c', storm], { storm_window: '1h' });
      expect(alerts).toHaveLength(1);
      expect(alerts[0]).toMatchObject({
        severity: 'INFO',
        body: expect.stringMatching(
          /^Reconnect storm by \S*python3\S*: 75 vain attempts at 198\.51\.100\.50 port 8080 within 3600 s$/,
        ),
        attributes: { 'network.event_type': 'reconnect_storm', 'telegen.count': 75 },
      });
    });

    it('a program that may scan is left alone', async () => {
      expect(await scansOf(nmap('-p', '1-100', HOST), { ignore_processes: [NMAP] })).toEqual([]);
    });
  },
);

describe.skipIf(skip !== undefined)(
  `scans from outside${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
    });
    afterAll(() => sandbox?.close());

    it.each([
      ['-sS', '1-100', 'tcp_scan'],
      ['-sT', '1-100', 'tcp_scan'],
      ['-sF', '1-40', 'fin_scan'],
      ['-sN', '1-40', 'null_scan'],
      ['-sX', '1-40', 'xmas_scan'],
      ['-sU', '2000-2060', 'udp_scan'],
    ])('nmap %s is named rightly, once', async (kind, ports, reason) => {
      const telegen = await watch(sandbox, {
        wrap: enterNamespace(sandbox.namespaces.inside),
        config: {
          rules: { enabled: false },
          agent: { network: { xdp: { enabled: true }, security: { suspicious_ports: [] } } },
        },
      });
      await telegen.says('interface wire:');
      const words = ['-Pn', '-n', '--max-retries', '0', '--min-rate', '50', '-p', ports, '192.0.2.2'];
      const place = { cgroup: 'none', namespace: 'outside' } as const;
      await sandbox.start([NMAP, kind, ...words], place).end();
      await eventually(
        () => telegen.alerts().length > 0,
        () => `a scan; seen ${telegen.stdout()} ${telegen.stderr()}`,
      );
      const { code, stderr } = await telegen.stop();
      expect(code, stderr).toBe(0);
      expect(telegen.alerts().map(({ attributes }) => attributes['telegen.reasons'])).toEqual([[reason]]);
      expect(telegen.alerts()[0]?.attributes).toMatchObject({
        'net.peer.ip': '192.0.2.1',
        'net.host.ip': '192.0.2.2',
      });
    });
  },
);
