import { expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { cutAt, startSink } from '../support/sink-server.ts';

const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([0, payload.length >> 8, payload.length, type, flags, 0, 0, 0, stream]),
    payload,
  ]);
/** Whole requests; the path goes into the header table. */
const request = (stream: number, path: string): Buffer =>
  frame(1, 5, stream, Buffer.from([0x82, 0x86, 0x44, path.length, ...Buffer.from(path), 0x41, 1, 97]));

describeContents('header blocks live', (lab) => {
  it('one that a segment ends which goes on with others', async () => {
    const watch = lab.watch();
    const send = await startSink(lab.sandbox);
    const opening = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, 0, Buffer.alloc(0)),
    ]);
    const stream = Buffer.concat([
      opening,
      request(1, '/first'),
      request(3, '/second'),
      request(5, '/third'),
    ]);
    const cuts = Array.from({ length: 60 }, (_, at) => opening.length + at);
    for (const cut of cuts) await send(cutAt(stream, cut));
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    expect(tally(events.map(tell))).toEqual(
      Object.fromEntries(
        ['/first', '/second', '/third'].map((path) => [`GET ${path} - 0 - unanswered`, cuts.length]),
      ),
    );
  });
});
