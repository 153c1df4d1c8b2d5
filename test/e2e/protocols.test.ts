import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { enterNamespace } from '../support/namespaces.ts';
import { sendFrames } from '../support/packet-watch.ts';
import { ETHER, ethernet, ipv4, PROTO, tcp, text } from '../support/packets.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, endTelegens, watch } from '../support/telegen.ts';

const missing = whyNoSandbox();

/** A server that greets as the argument says, and a client that answers with the same. */
const GREETINGS = `
import socket, sys
for port, greeting in (a.split("=", 1) for a in sys.argv[1:]):
    said = bytes(greeting, "latin-1").decode("unicode_escape").encode("latin-1")
    listener = socket.create_server(("127.0.0.1", int(port)))
    client = socket.create_connection(("127.0.0.1", int(port)))
    server, _ = listener.accept()
    client.sendall(said)
    server.recv(4096)
    client.close()
    server.close()
    listener.close()
`;

describe.skipIf(missing !== undefined)(
  `protocols at odd ports${missing ? ` (SKIP: ${missing})` : ''}`,
  () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await endTelegens();
      await sandbox.endPrograms();
    });
    afterAll(() => sandbox.close());

    it('are told by what is said, with the program, but for those that are excepted', async () => {
      const unexpected = { enabled: true, other_ports: ['smb:18445'] };
      const security = { suspicious_ports: [], scan: { enabled: false }, unexpected_protocols: unexpected };
      const telegen = await watch(sandbox, { config: { agent: { network: { security } } } });
      const said = [
        '18022=SSH-2.0-x\\r\\n',
        '18445=\\0\\0\\0\\x85\\xffSMBr',
        '80=\\1\\2something of its own',
        '81=\\1\\2something of its own',
        '443=PROXY TCP4 192.0.2.1 192.0.2.2 1 2\\r\\nsomething',
        '18446=\\0\\0\\0\\x85\\xffSMBr',
      ];
      await sandbox.start(['python3', '-c', GREETINGS, ...said]).end();
      await telegen.alert('the last', ({ body }) => body === 'SMB on unexpected port 18446');
      expect((await telegen.stop()).code).toBe(0);
      const alerts = telegen
        .alerts()
        .map((alert) => brief(alert, 'process.executable.name', 'telegen.reasons'));
      const bodies = new Set(telegen.alerts().map(({ body }) => body));
      expect([...bodies].toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
        'SMB on unexpected port 18446',
        'SSH on unexpected port 18022',
        'Unknown protocol on port 80, which is meant for HTTP',
      ]);
      for (const line of alerts) expect(line).toMatch(/^python3\S* unexpected_protocol$/);
    });

    it('that pass an interface are told by the heads of packets, without any socket', async () => {
      const telegen = await watch(sandbox, {
        wrap: enterNamespace(sandbox.namespaces.inside),
        config: {
          agent: {
            network: {
              xdp: { enabled: true, sample_rate: 1, interfaces: ['wire'] },
              security: { unexpected_protocols: { enabled: true }, scan: { enabled: false } },
            },
          },
        },
        args: ['--output', 'jsonl', '--events', 'packet_rate'],
      });
      await telegen.says('interface wire: tc-ingress and tc-egress');
      const frame = (dstPort: number, payload: string) =>
        ethernet(
          ETHER.ipv4,
          ipv4(
            { src: '198.51.100.7', dst: '192.0.2.77', protocol: PROTO.tcp },
            tcp({ srcPort: 50_000, dstPort, flags: 'PA' }, text(payload)),
          ),
        );
      await sendFrames(sandbox, [
        [frame(443, 'SSH-2.0-x\r\n'), 2],
        [frame(80, 'GET / HTTP/1.1\r\n\r\n'), 2],
        [frame(3333, '{"id":1,"method":"mining.subscribe","params":[]}\n'), 2],
      ]);
      await telegen.alert('mining', ({ body }) => body === 'Stratum passes wire on unexpected port 3333');
      expect((await telegen.stop()).code).toBe(0);
      const told = telegen
        .alerts()
        .filter(({ attributes }) => attributes['telegen.detector'] === 'unexpected-protocol')
        .map(
          (alert) =>
            `${alert.severity} ${alert.body} ${brief(alert, 'net.peer.ip', 'net.host.ip', 'net.host.port')}`,
        );
      expect(told.toSorted()).toEqual([
        'INFO Stratum passes wire on unexpected port 3333 198.51.100.7 192.0.2.77 3333',
        'WARNING SSH passes wire on port 443, which is meant for TLS 198.51.100.7 192.0.2.77 443',
      ]);
      const applications = telegen
        .events()
        .flatMap(({ attributes }) => (attributes['telegen.packets.applications'] ?? []) as readonly string[]);
      expect(applications).toContain('http tcp/80 packets=2 client=198.51.100.7 server=192.0.2.77');
    });
  },
);
