import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ContentKind } from '../../src/capture/live/plan.ts';
import { records } from '../protocols/tls/hello-bytes.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { startNginx } from '../support/nginx.ts';
import { byteByByte, rawServer } from '../support/raw-exchange.ts';
import type { Place } from '../support/sandbox.ts';
import { cutAt, startSink } from '../support/sink-server.ts';

const HOST: Place = { namespace: 'host' };

/** A ClientHello with a key share of `size` bytes, as those of post-quantum groups are. */
function hello(size: number): Buffer {
  const field = (bytes: Buffer, width: 1 | 2 | 3): Buffer => {
    const length = Buffer.alloc(width);
    length.writeUIntBE(bytes.length, 0, width);
    return Buffer.concat([length, bytes]);
  };
  const extension = (type: number, body: Buffer): Buffer =>
    Buffer.concat([Buffer.from([type >> 8, type & 255]), field(body, 2)]);
  const name = extension(
    0,
    field(Buffer.concat([Buffer.from([0]), field(Buffer.from('pq.example.com'), 2)]), 2),
  );
  const versions = extension(43, field(Buffer.from([3, 4, 3, 3]), 1));
  const share = extension(
    51,
    field(Buffer.concat([Buffer.from([0x11, 0xec]), field(Buffer.alloc(size, 7), 2)]), 2),
  );
  const alpn = extension(16, field(field(Buffer.from('h2'), 1), 2));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 9),
    field(Buffer.alloc(32, 8), 1),
    field(Buffer.from([0x13, 1, 0x13, 2]), 2),
    field(Buffer.from([0]), 1),
    field(Buffer.concat([share, versions, alpn, name]), 2),
  ]);
  const handshake = Buffer.concat([Buffer.from([1]), field(body, 3)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), field(handshake, 2)]);
}

describeContents('TLS live', (lab) => {
  beforeAll(() => {
    const { folder } = lab.sandbox;
    const subject = ['-subj', '/CN=www.example.com', '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
    execFileSync(
      'openssl',
      ['req', '-x509', ...subject, '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`],
      { stdio: 'pipe' },
    );
  });
  const nginxTls = () => {
    const { folder } = lab.sandbox;
    return startNginx({
      sandbox: lab.sandbox,
      files: { 'small.txt': 'x' },
      listen: 'ssl',
      server: `ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;`,
    });
  };
  const curl = (port: number, ...more: readonly string[]): Promise<string> =>
    lab.sandbox
      .start(
        [
          'curl',
          '-sSk',
          '-o',
          '/dev/null',
          '--resolve',
          `www.example.com:${port}:127.0.0.1`,
          `https://www.example.com:${port}/small.txt`,
          ...more,
        ],
        HOST,
      )
      .end();

  it('curl and openssl: names, protocols and versions, at both ends', async () => {
    const watch = lab.watch();
    const { port } = await nginxTls();
    await curl(port, '--tlsv1.2');
    await curl(port, '--http1.1', '--tlsv1.2', '--tls-max', '1.2');
    await lab.sandbox
      .start(
        [
          'openssl',
          's_client',
          '-connect',
          `127.0.0.1:${port}`,
          '-servername',
          'other.example.com',
          '-alpn',
          'smtp,imap',
          '-tls1_2',
          '-brief',
        ],
        HOST,
      )
      .ended();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    for (const role of ['client', 'server']) {
      const told = events
        .filter((event) => event.role === role)
        .map(tell)
        .map((line) => line.split(' ').slice(0, 4).join(' '));
      expect(told).toEqual([
        'tls www.example.com h2,http/1.1 1.3,1.2',
        'tls www.example.com http/1.1 1.2',
        'tls other.example.com smtp,imap 1.2',
      ]);
    }
    const [client, server] = ['client', 'server'].map((role) =>
      events.filter((event) => event.role === role).map(tell),
    );
    expect(client).toEqual(server);
  });

  const TOLD = 'tls pq.example.com h2 1.3,1.2';
  const short = (event: Parameters<typeof tell>[0]): string => tell(event).split(' ').slice(0, 4).join(' ');

  it('large hellos, cut anywhere, and byte by byte', async () => {
    const watch = lab.watch();
    const send = await startSink(lab.sandbox);
    const large = hello(1216);
    const cuts = [1, 2, 4, 5, 6, 8, 9, 11, 12, 13, 100, 600, 1300, large.length - 1];
    for (const cut of cuts) await send(cutAt(large, cut));
    await send([large.subarray(0, 500), 5, large.subarray(500, 900), 5, large.subarray(900)]);
    await send(byteByByte(hello(30).toString('latin1')));
    await send([hello(9000)]);
    // Early data behind it, in the segment that ends it.
    await send(cutAt(Buffer.concat([large, Buffer.alloc(40, 20)]), 600));
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(short)).toEqual(Array(cuts.length + 4).fill(TOLD));
    expect(new Set(events.map(tell)).size).toBe(1);
  });

  /** Its first record has `size` bytes, the second the rest. */
  function firstRecordOf(size: number, stream: Buffer): Buffer {
    const message = stream.subarray(5);
    return Buffer.concat([records([...message.subarray(0, size)]), records([...message.subarray(size)])]);
  }

  it('hellos in small records, whole and cut anywhere', async () => {
    const watch = lab.watch();
    const send = await startSink(lab.sandbox);
    const small = hello(30);
    const inRecords = (stream: Buffer, size: number): Uint8Array => records([...stream.subarray(5)], size);
    const streams = [
      ...[1, 3, 4, 5, 6].map((size) => firstRecordOf(size, small)),
      ...[1, 3, 50, 100].map((size) => inRecords(hello(1216), size)),
      // OpenSSL takes empty ones.
      firstRecordOf(0, small),
      Buffer.concat([Uint8Array.of(22, 3, 1, 0, 0), small]),
    ];
    for (const stream of streams) await send([stream]);
    const tiny = inRecords(small, 1);
    const cuts = Array.from({ length: 38 }, (_, at) => at + 1);
    for (const cut of cuts) await send(cutAt(tiny, cut));
    await send(byteByByte(Buffer.from(firstRecordOf(3, small)).toString('latin1')));
    await send(cutAt(Buffer.concat([tiny, Buffer.alloc(40, 20)]), 100));
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(short)).toEqual(Array(streams.length + cuts.length + 2).fill(TOLD));
  });

  it('a hello after the conversation began in the clear', async () => {
    const watch = lab.watch();
    const late = hello(100);
    const client = `import socket,sys
s=socket.create_connection(("127.0.0.1",int(sys.argv[1])))
def line(): 
  d=b""
  while not d.endswith(b"\\n"): d+=s.recv(1)
line(); s.sendall(b"EHLO a.example.com\\r\\n"); line(); s.sendall(b"STARTTLS\\r\\n"); line()
s.sendall(bytes.fromhex(sys.argv[2])); line()`;
    const smtp = await rawServer((socket) => {
      const answers = ['250 STARTTLS\r\n', '220 go ahead\r\n', 'done\n'];
      socket.write('220 mail.example.com ESMTP\r\n');
      socket.on('data', () => socket.write(answers.shift() ?? ''));
    });
    await lab.sandbox
      .start(['/usr/bin/python3', '-c', client, String(smtp.port), late.toString('hex')], HOST)
      .end();
    smtp.server.close();
    // PostgreSQL: SSLRequest, the server says S, then the hello.
    const postgres = await rawServer((socket) => {
      const answers = ['S', 'done\n'];
      socket.on('data', () => socket.write(answers.shift() ?? ''));
    });
    const ask = `import socket,sys
s=socket.create_connection(("127.0.0.1",int(sys.argv[1])))
s.sendall(bytes([0,0,0,8,4,210,22,47])); s.recv(1); s.sendall(bytes.fromhex(sys.argv[2])); s.recv(9)`;
    await lab.sandbox
      .start(['/usr/bin/python3', '-c', ask, String(postgres.port), late.toString('hex')], HOST)
      .end();
    postgres.server.close();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(short)).toEqual(Array(2).fill(TOLD));
  });

  describe('only what is wanted is seen', () => {
    it.each([{ kinds: ['tls'] }, { kinds: ['dns'] }, { kinds: ['http'] }, { kinds: ['dns', 'tls'] }] as {
      kinds: ContentKind[];
    }[])('$kinds', async ({ kinds }) => {
      const watch = lab.watch({ kinds });
      const { port } = await nginxTls();
      const plain = await startNginx({ sandbox: lab.sandbox, files: { 'small.txt': 'x' } });
      await curl(port);
      await lab.sandbox
        .start(['curl', '-sS', '-o', '/dev/null', `http://127.0.0.1:${plain.port}/small.txt`], HOST)
        .end();
      writeFileSync(`${lab.sandbox.folder}/hosts`, '192.0.2.80 www.example.com\n');
      lab.sandbox.start(
        [
          'dnsmasq',
          '-k',
          '-u',
          'root',
          '-C',
          '/dev/null',
          '-p',
          '53',
          '-a',
          '198.51.100.53',
          '--bind-interfaces',
          '--no-resolv',
          '-h',
          '-H',
          `${lab.sandbox.folder}/hosts`,
        ],
        { namespace: 'outside' },
      );
      let answered = '';
      while (answered === '')
        answered = await lab.sandbox
          .start(['dig', '+short', '+tcp', '+tries=1', '+timeout=1', '@198.51.100.53', 'www.example.com'], {
            cgroup: 'none',
          })
          .end()
          .catch(() => '');
      await lab.sandbox.start(['dig', '+tries=1', '+timeout=5', '@198.51.100.53', 'www.example.com']).end();
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const seen = tally(events.filter((event) => event.role === 'client').map((event) => event.kind));
      expect(seen).toEqual(Object.fromEntries(kinds.map((kind) => [kind, 1])));
    });
  });
});
