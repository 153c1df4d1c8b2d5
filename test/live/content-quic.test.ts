import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { beforeAll, expect, it } from 'vitest';
import { alpn, helloMessage, repeated, sni, versions } from '../protocols/tls/hello-bytes.ts';
import { describeContents } from '../support/content-lab.ts';
import { type ContentWatch, losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { eventually } from '../support/eventually.ts';
import type { Program } from '../support/programs.ts';
import { quicInitial } from '../support/quic-initial.ts';
import type { Place } from '../support/sandbox.ts';

const HOST: Place = { namespace: 'host' };

/** Binds (and tells the port), then receives until it is ended. */
const SINK = `import socket,sys
s=socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET,socket.SOCK_DGRAM)
s.bind((sys.argv[1],0))
print(s.getsockname()[1],flush=True)
while True: s.recv(65536)`;

/** Sends each word as a datagram, or several at once as one buffer that the kernel cuts (UDP_SEGMENT), connected or not. */
const SENDER = `import socket,sys
how,host,port,*words=sys.argv[1:]
s=socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET,socket.SOCK_DGRAM)
parts=[bytes.fromhex(w) for w in words]
if how=='gso':
  s.setsockopt(socket.IPPROTO_UDP,103,len(parts[0]))
  parts=[b''.join(parts)]
if how!='unconnected': s.connect((host,int(port)))
for p in parts: s.sendto(p,(host,int(port))) if how=='unconnected' else s.send(p)`;

function freeUdpPort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** Initial packets of a hello that asks for `name`, of so many datagrams. */
function flight(name: string, size = 0): string[] {
  const share = [51, repeated(size, 7)] as const;
  const hello = Uint8Array.from(
    helloMessage({ extensions: [sni(name), ...(size > 0 ? [share] : []), alpn('h3'), versions(0x0304)] }),
  );
  const dcid = Uint8Array.from(Buffer.from(name.padEnd(8).slice(0, 8)));
  return quicInitial({ hello, dcid }).map((bytes) => Buffer.from(bytes).toString('hex'));
}

describeContents('QUIC live', (lab) => {
  beforeAll(() => {
    const { folder } = lab.sandbox;
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
    const files = ['-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`];
    execFileSync('openssl', ['req', '-x509', ...subject, ...files], { stdio: 'pipe' });
  });
  const python = (program: string, ...words: readonly string[]): Program =>
    lab.sandbox.start(['/usr/bin/python3', '-c', program, ...words], HOST);
  const payloads = (watch: ContentWatch): number => watch.counters().payload?.submitted ?? Number.NaN;

  it.each([
    ['a handshake', []],
    ['a handshake behind a Retry', ['-V']],
  ])('real client and server, %s: told once at each end', async (_, more) => {
    const watch = lab.watch();
    const { folder } = lab.sandbox;
    const port = await freeUdpPort();
    const server = ['/usr/sbin/gtlsserver', '-q', '-d', folder, ...more, '127.0.0.1', String(port)];
    lab.sandbox.start([...server, `${folder}/key.pem`, `${folder}/cert.pem`], HOST);
    const client = [
      'gtlsclient',
      '-q',
      '--exit-on-all-streams-close',
      '--timeout=5s',
      'localhost',
      String(port),
    ];
    for (let time = 0; time < 3; time++)
      await lab.sandbox.start([...client, `https://localhost:${port}/cert.pem`], HOST).ended();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(watch.failures()).toMatchObject({ quic_hello: 0, dns: 0 });
    const lines = events.map((event) => `${event.transport} ${event.role} ${tell(event)}`);
    const [line = ''] = events.map(tell);
    expect(line).toMatch(/^quic1 localhost h3 1\.3 \d q13d\d\d\d\dh3_/);
    expect(tally(lines)).toEqual({ [`udp client ${line}`]: 3, [`udp server ${line}`]: 3 });
    expect(new Set(events.map(({ remote }) => remote.port)).size).toBe(4);
  });

  it.each([
    ['connected', '127.0.0.1'],
    ['unconnected', '127.0.0.1'],
    ['connected', '::1'],
    ['unconnected', '::1'],
    ['gso', '127.0.0.1'],
  ])('hellos of one and of many datagrams, %s, to %s', async (how, host) => {
    const watch = lab.watch();
    const port = await python(SINK, host).number();
    const names = ['one.example.com', 'two.example.com', 'many.example.com'];
    for (const [i, name] of names.entries()) {
      const datagrams = flight(name, i * 1500);
      expect(datagrams).toHaveLength([1, 2, 3][i] ?? 0);
      await python(
        SENDER,
        how,
        host,
        String(port),
        ...(how === 'gso' ? datagrams : datagrams.reverse()),
      ).end();
    }
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(watch.failures()).toMatchObject({ quic_hello: 0, dns: 0 });
    const told = events.map((event) => `${event.role} ${tell(event).split(' ').slice(0, 4).join(' ')}`);
    expect(tally(told)).toEqual(
      tally(names.flatMap((name) => ['client', 'server'].map((role) => `${role} quic1 ${name} h3 1.3`))),
    );
  });

  it('ships nothing else: other long datagrams, short ones, what a server sends, or where TLS is not wanted', async () => {
    const port = await python(SINK, '127.0.0.1').number();
    const [hello = ''] = flight('quiet.example.com');
    const others = [
      hello.slice(0, 2398),
      `40${hello.slice(2)}`,
      `e0${hello.slice(2)}`,
      `${hello.slice(0, 2)}ff00001d${hello.slice(10)}`,
      'c0',
      'c000000001',
      '00'.repeat(1400),
    ];
    const watch = lab.watch();
    await python(SENDER, 'connected', '127.0.0.1', String(port), ...others).end();
    const answer = `import socket,sys
a=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);b=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
a.bind(('127.0.0.1',0));b.sendto(b'?',a.getsockname());_,peer=a.recvfrom(9);a.sendto(bytes.fromhex(sys.argv[1]),peer);b.recv(9999)`;
    await python(answer, hello).end();
    expect(await watch.finish()).toEqual([]);
    expect(payloads(watch)).toBe(0);
    await watch.stop();
    const quiet = lab.watch({ kinds: ['dns', 'http'] });
    await python(SENDER, 'connected', '127.0.0.1', String(port), hello).end();
    expect(await quiet.finish()).toEqual([]);
    expect(payloads(quiet)).toBe(0);
  });

  it('what is no hello although it begins like one is counted or passed over, and hides nothing', async () => {
    const watch = lab.watch();
    const port = await python(SINK, '127.0.0.1').number();
    const [hello = ''] = flight('after.example.com');
    const broken = `${hello.slice(0, 400)}ffffffff${hello.slice(408)}`;
    const garbage = `c000000001${'5a'.repeat(1395)}`;
    const half = flight('half.example.com', 1500).slice(0, 1);
    await python(SENDER, 'unconnected', '127.0.0.1', String(port), broken, garbage, ...half).end();
    await python(SENDER, 'unconnected', '127.0.0.1', String(port), hello).end();
    await eventually(() => watch.events.length === 2, 'the good hello at both ends');
    const events = await watch.finish();
    expect(tally(events.map((event) => tell(event).split(' ')[1] ?? ''))).toEqual({ 'after.example.com': 2 });
    // The one of which half is missing, at both ends.
    expect(watch.failures()).toMatchObject({ quic_hello: 2 });
    expect(losses(watch)).toEqual(NO_LOSSES);
  });
});
