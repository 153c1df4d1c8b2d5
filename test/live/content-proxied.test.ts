import { expect, it } from 'vitest';
import { chromeHello, records } from '../protocols/tls/hello-bytes.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import type { Step } from '../support/raw-exchange.ts';
import { cutAt, startSink } from '../support/sink-server.ts';

/** The preface, SETTINGS and a request for `path`. */
function beginsHttp2(path: string): Buffer {
  const fields = [0x82, 0x86, 0x04, path.length, ...Buffer.from(path), 0x41, 1, 97];
  const settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
  const headers = [0, 0, fields.length, 1, 5, 0, 0, 0, 1, ...fields];
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from([...settings, ...headers]),
  ]);
}

const binaryHeader = (body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11', 'latin1'),
    Buffer.from([body.length >> 8, body.length & 255]),
    body,
  ]);
/** Both forms of version 1, and version 2 without and with 2 KiB of fields of its own. */
const PROXY_HEADERS = [
  Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n'),
  Buffer.from('PROXY UNKNOWN\r\n'),
  binaryHeader(Buffer.from([192, 0, 2, 1, 192, 0, 2, 2, 195, 80, 1, 187])),
  binaryHeader(Buffer.alloc(2060, 5)),
];

/** An event by its first four words. */
const short = (event: Parameters<typeof tell>[0]): string => tell(event).split(' ').slice(0, 4).join(' ');

describeContents('behind the PROXY protocol, live', (lab) => {
  it.each([
    ['TLS', Buffer.from(records(chromeHello('www.example.com'))), 'tls www.example.com h2,http/1.1 1.3,1.2'],
    ['HTTP/2', beginsHttp2('/px'), 'GET /px - 0'],
    ['HTTP/1', Buffer.from('GET /px HTTP/1.1\r\nHost: example.com\r\n\r\n'), 'GET /px - 0'],
  ])('%s', async (_name, said, told) => {
    const watch = lab.watch();
    const send = await startSink(lab.sandbox);
    const [line, unknown, binary, long] = PROXY_HEADERS as [Buffer, Buffer, Buffer, Buffer];
    let sent = 0;
    const expectOne = (steps: readonly Step[]): Promise<void> => {
      sent++;
      return send(steps);
    };
    for (const header of PROXY_HEADERS) {
      const stream = Buffer.concat([header, said]);
      await expectOne([stream]);
      for (const cut of [-2, -1, 0, 1, 3, 20]) await expectOne(cutAt(stream, header.length + cut));
    }
    for (const header of [line, unknown])
      for (const cut of [1, 5, 6, 7, 11, 12, 13]) await expectOne(cutAt(Buffer.concat([header, said]), cut));
    for (const cut of [5, 11, 12, 13, 15, 16, 17]) {
      await expectOne(cutAt(Buffer.concat([binary, said]), cut));
      await expectOne(cutAt(Buffer.concat([long, said]), cut));
    }
    await expectOne([
      line.subarray(0, 4),
      5,
      line.subarray(4, 20),
      5,
      line.subarray(20, 30),
      5,
      line.subarray(30),
      5,
      said,
    ]);
    await expectOne([
      long.subarray(0, 900),
      5,
      long.subarray(900, 1800),
      5,
      Buffer.concat([long.subarray(1800), said]),
    ]);
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(tally(events.map(short))).toEqual({ [told]: sent });
  });
});
