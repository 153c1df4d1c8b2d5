import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { eventually } from '../support/eventually.ts';
import type { Program } from '../support/programs.ts';

const TEXT = 'x'.repeat(200);
const SERVERS = [
  { family: 'v4', server: '198.51.100.53' },
  { family: 'v6', server: '2001:db8:bad::53' },
];

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n');

describeContents('DNS live', (lab) => {
  /** dnsmasq in the outer namespace, unobserved unless told, logging each query. */
  async function dnsmasq(
    server: string,
    ...more: readonly string[]
  ): Promise<{ program: Program; log: () => string[] }> {
    const log = `${lab.sandbox.folder}/dnsmasq.log`;
    writeFileSync(log, '');
    const many = Array.from({ length: 60 }, (_, i) => `--host-record=many.example.com,192.0.2.${i + 100}`);
    const program = lab.sandbox.start(
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
        server,
        '--bind-interfaces',
        '--no-resolv',
        '--no-hosts',
        '--log-queries',
        `--log-facility=${log}`,
        '--auth-ttl=60',
        '--host-record=www.example.com,192.0.2.80,2001:db8::80',
        '--cname=alias.example.com,www.example.com',
        `--txt-record=txt.example.com,${TEXT}`,
        ...Array.from({ length: 12 }, () => `--txt-record=big.example.com,${TEXT}`),
        '--local=/example.com/',
        ...many,
        ...more,
      ],
      { namespace: 'outside' },
    );
    const lines = (): string[] => linesOf(log);
    await eventually(() => linesOf(log).some((line) => line.includes('started')), 'dnsmasq to start');
    return { program, log: lines };
  }
  const dig = (...words: readonly string[]): Promise<unknown> =>
    lab.sandbox.start(['dig', '+tries=1', '+timeout=5', ...words]).ended();
  const both = (lines: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(lines).map(([line, count]) => [line, 2 * count]));

  describe.each(SERVERS)('$family', ({ server }) => {
    it('UDP and TCP, every kind of answer, both ends', async () => {
      const watch = lab.watch();
      await dnsmasq(server);
      for (const how of ['+notcp', '+tcp']) {
        await dig(how, `@${server}`, 'www.example.com');
        await dig(how, `@${server}`, 'www.example.com', 'AAAA');
        await dig(how, `@${server}`, 'alias.example.com');
        await dig(how, `@${server}`, 'txt.example.com', 'TXT');
        await dig(how, `@${server}`, 'nope.example.com');
      }
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const lines = ['udp', 'tcp'].flatMap((transport) => [
        `${transport} www.example.com A answered NOERROR 192.0.2.80`,
        `${transport} www.example.com AAAA answered NOERROR 2001:db8::80`,
        `${transport} alias.example.com A answered NOERROR www.example.com,192.0.2.80`,
        `${transport} txt.example.com TXT answered NOERROR "${TEXT}"`,
        `${transport} nope.example.com A answered NXDOMAIN `,
      ]);
      expect(tally(events.map(tell))).toEqual(both(tally(lines)));
      expect(tally(events.map((event) => event.role))).toEqual({ client: 10, server: 10 });
    });

    it('UDP and TCP where nothing else is wanted: no other content, no ends of connections', async () => {
      const watch = lab.watch({ kinds: ['dns'], phases: ['attempted', 'accepted'] });
      await dnsmasq(server);
      for (const how of ['+notcp', '+tcp']) await dig(how, `@${server}`, 'www.example.com');
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const lines = ['udp', 'tcp'].map(
        (transport) => `${transport} www.example.com A answered NOERROR 192.0.2.80`,
      );
      expect(tally(events.map(tell))).toEqual(both(tally(lines)));
    });

    it('cut over UDP, then asked again over TCP; large answers over UDP', async () => {
      const watch = lab.watch();
      await dnsmasq(server);
      await dig('+bufsize=512', `@${server}`, 'big.example.com', 'TXT');
      await dig('+bufsize=4096', `@${server}`, 'big.example.com', 'TXT');
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const told = events.filter((event) => event.role === 'client').map(tell);
      const all = `tcp big.example.com TXT answered NOERROR ${Array(12).fill(`"${TEXT}"`).join(',')}`;
      expect(told.map((line) => (line.endsWith('truncated') ? 'cut' : line))).toEqual([
        'cut',
        all,
        'cut',
        all,
      ]);
    });

    it('2,000 queries at once over 100 sockets', async () => {
      const watch = lab.watch();
      const { log } = await dnsmasq(server);
      const file = `${lab.sandbox.folder}/queries`;
      writeFileSync(
        file,
        Array.from({ length: 200 }, (_, i) => `n${i}.example.com A\nwww.example.com AAAA\n`).join(''),
      );
      await Promise.all(
        Array.from({ length: 5 }, () =>
          lab.sandbox.start(['dig', `@${server}`, '+tries=3', '-f', file]).end(),
        ),
      );
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const queries = log().filter((line) => line.includes('query[')).length;
      // dig asks again, from another socket, what is not answered in time.
      expect(queries).toBeGreaterThanOrEqual(2000);
      const known =
        /^(?:A (?:answered|unasked) NXDOMAIN |AAAA (?:answered|unasked) NOERROR 2001:db8::80|A+ timeout - )$/;
      for (const role of ['client', 'server']) {
        const told = events.filter((event) => event.role === role);
        const lines = told.map((event) => tell(event).split(' ').slice(2).join(' '));
        expect(lines.filter((line) => !known.test(line))).toEqual([]);
        const retries = told.reduce((sum, event) => sum + (event.kind === 'dns' ? event.dns.retries : 0), 0);
        // An answer behind the timeout is told apart from its question.
        const late = lines.filter((line) => line.includes('unasked')).length;
        expect(told.length - late + retries).toBe(queries);
      }
    });

    it('an unconnected socket that asks for A and AAAA at once, as musl does', async () => {
      const watch = lab.watch();
      await dnsmasq(server);
      const query = (type: number, id: number): string =>
        `bytes([0,${id},1,0,0,1,0,0,0,0,0,0])+b"\\x03www\\x07example\\x03com\\0"+bytes([0,${type},0,1])`;
      const script = `import socket
s=socket.socket(socket.AF_INET6 if ":" in "${server}" else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(${query(1, 7)},("${server}",53)); s.sendto(${query(28, 8)},("${server}",53))
for i in range(2): s.recvfrom(4096)`;
      const client = lab.sandbox.start(['/usr/bin/python3', '-c', script]);
      await client.end();
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const own = events.filter((event) => event.role === 'client');
      expect(tally(own.map(tell))).toEqual({
        'udp www.example.com A answered NOERROR 192.0.2.80': 1,
        'udp www.example.com AAAA answered NOERROR 2001:db8::80': 1,
      });
      for (const event of own)
        expect(event).toMatchObject({ attribution: 'socket', owner: { pid: client.pid } });
    });

    it('nobody answers', async () => {
      const watch = lab.watch();
      await dig('+timeout=1', `@${server}`, 'www.example.com');
      const events = await watch.finish();
      expect(events.map(tell)).toEqual(['udp www.example.com A timeout - ']);
    });
  });

  it('multicast DNS: a question and an answer', async () => {
    const watch = lab.watch();
    const script = `import socket
q=bytes([0,0,0,0,0,1,0,0,0,0,0,0])+b"\\x04host\\x05local\\0"+bytes([0,1,0,1])
r=bytes([0,0,0x84,0,0,0,0,1,0,0,0,0])+b"\\x04host\\x05local\\0"+bytes([0,1,0,1,0,0,0,60,0,4,192,0,2,9])
s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("",5353))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.0.2.2"))
s.sendto(q,("224.0.0.251",5353)); s.sendto(r,("224.0.0.251",5353))`;
    await lab.sandbox.start(['/usr/bin/python3', '-c', script]).end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(events.map(tell)).toEqual(['udp   unasked NOERROR 192.0.2.9']);
  });
});
