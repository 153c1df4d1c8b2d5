import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createContents } from '../../src/pipeline/contents.ts';
import { isUnrecognised } from '../../src/protocols/sniff.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { FIRST_BYTES } from '../support/first-bytes.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const skip = whyNoSandbox();
const PORT = 18_700;

/** One connection a row: the row's side says its bytes, in two segments when asked to, and both close. */
const PEERS = `
import json, socket, sys, threading
rows = json.loads(sys.argv[1])
listener = socket.create_server(("127.0.0.1", ${PORT}), backlog=64)
print("up", flush=True)
for row in rows:
    client = socket.create_connection(("127.0.0.1", ${PORT}))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server, _ = listener.accept()
    said = bytes.fromhex(row["hex"])
    speaker, other = (client, server) if row["side"] == "client" else (server, client)
    if said:
        speaker.sendall(said)
        while len(other.recv(4096, socket.MSG_PEEK)) < len(said):
            pass
    print(client.getsockname()[1], flush=True)
    client.close()
    server.close()
`;

describe.skipIf(skip !== undefined)(`stores by their first bytes ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await watch.stop();
    await sandbox.endPrograms();
  });
  afterAll(() => sandbox?.close());

  const start = (): void => {
    const reader = createContents(() => undefined);
    watch = watchCgroup({ cgroup: sandbox.cgroup, content: { kinds: ['dns', 'http', 'tls'], reader } });
  };

  it('the kernel says what src/protocols/service-sniff.ts and sniff.ts say, at both ends', async () => {
    start();
    const peers = sandbox.start(['python3', '-c', PEERS, JSON.stringify(FIRST_BYTES)]);
    await peers.line();
    const ports: number[] = [];
    for (let i = 0; i < FIRST_BYTES.length; i++) ports.push(await peers.number());
    const closed = (port: number) =>
      watch.connections.filter(
        ({ phase, local, remote }) => phase === 'closed' && (local.port === port || remote.port === port),
      );
    await eventually(
      () => ports.every((port) => closed(port).length === 2),
      () => `both ends of all connections: ${watch.connections.length} events`,
    );
    for (const [i, { name, side, hex, protocol }] of FIRST_BYTES.entries()) {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      const isUnknown = side === 'client' && protocol === undefined && isUnrecognised(bytes);
      const expected = protocol ?? (isUnknown ? 'unrecognised' : undefined);
      const told = closed(ports[i] ?? 0).map((event) =>
        event.isUnrecognised === true ? 'unrecognised' : event.spoken,
      );
      expect([name, ...told]).toEqual([name, expected, expected]);
    }
  });

  it('a real Redis on a port of its own', async () => {
    start();
    const args = ['--port', '18701', '--bind', '127.0.0.1', '--save', '', '--dir', sandbox.folder];
    sandbox.start(['redis-server', ...args], { cgroup: 'none' });
    const ask = ['redis-cli', '-h', '127.0.0.1', '-p', '18701', 'ping'];
    let answer = '';
    while (!answer.includes('PONG'))
      answer = await sandbox
        .start(ask)
        .end()
        .catch(() => '');
    const event = await watch.connection(
      'the end',
      ({ phase, stats }) => phase === 'closed' && stats!.bytesSent > 0,
    );
    expect(event).toMatchObject({ spoken: 'redis', remote: { port: 18_701 } });
  });
});
