import { expect, it } from 'vitest';
import { message, name, QUERY } from '../protocols/dns/encode.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally } from '../support/content-watch.ts';
import type { Place } from '../support/sandbox.ts';

const HOST: Place = { namespace: 'host' };
const SERVER = '127.0.53.53';

/** Sends the words, of equal length but for the last, by one call that the kernel cuts (UDP_SEGMENT of udp(7)). */
const AT_ONCE = `import socket,sys
r=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);r.bind(('${SERVER}',53))
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.connect(('${SERVER}',53))
parts=[bytes.fromhex(w) for w in sys.argv[1:]]
s.setsockopt(socket.IPPROTO_UDP,103,len(parts[0]))
s.send(b''.join(parts))
for _ in parts: r.recv(65536)`;

const question = (text: string, id: number): string =>
  Buffer.from(message({ id, flags: QUERY, questions: [{ name: name(text), type: 1 }] })).toString('hex');

describeContents('Datagrams sent at once, live', (lab) => {
  it.each([1, 2, 60])('%i DNS questions: each is told, at both ends', async (count) => {
    const watch = lab.watch();
    const texts = Array.from({ length: count }, (_, i) => `x${String(i).padStart(2, '0')}.evil.example`);
    texts.push('y.example');
    const words = texts.map((text, i) => question(text, i + 1));
    await lab.sandbox.start(['/usr/bin/python3', '-c', AT_ONCE, ...words], HOST).end();
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const told = events.map((event) =>
      event.kind === 'dns' ? `${event.role} ${event.dns.questionName}` : '',
    );
    expect(tally(told)).toEqual(tally(texts.flatMap((text) => [`client ${text}`, `server ${text}`])));
  });
});
