import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { ContentEvent } from '../../src/model/event.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import type { Place } from '../support/sandbox.ts';

const CALLS = fileURLToPath(new URL('../support/grpc-calls.ts', import.meta.url));
const HOST: Place = { namespace: 'host' };
const UNSEEN: Place = { namespace: 'host', cgroup: 'none' };
const SIDES = [
  { observed: 'server', client: UNSEEN, server: HOST, roles: ['server'] },
  { observed: 'client', client: HOST, server: UNSEEN, roles: ['client'] },
  { observed: 'both', client: HOST, server: HOST, roles: ['client', 'server'] },
];

describeContents('gRPC live', (lab) => {
  async function call(client: Place, server: Place, ...calls: readonly string[]): Promise<string[]> {
    const port = await lab.sandbox.start([process.execPath, CALLS, 'server'], server).number();
    const told = await lab.sandbox
      .start([process.execPath, CALLS, 'client', String(port), ...calls], client)
      .end();
    return told.trim().split('\n');
  }

  it.each(SIDES)('every kind of call ($observed observed)', async ({ client, server, roles }) => {
    const watch = lab.watch();
    const unary = Array.from({ length: 200 }, (_, i) => `unary:${i}`);
    const kinds = [
      'fail',
      'up:0',
      'up:1',
      'up:7',
      'down:0',
      'down:1',
      'down:9',
      'both:1',
      'both:5',
      'cancelled',
    ];
    const truth = await call(
      client,
      server,
      ...unary,
      ...kinds,
      'unary:20000',
      ...unary,
      ...kinds,
      'unary:1',
    );
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    // A call that is cancelled ends by the reset, or before it by the answer to the end of what the client sent.
    const told = (event: ContentEvent): string =>
      tell(event).replace(/Both 0 2:2 complete$/, 'Both - 2:2 reset');
    for (const role of roles) expect(events.filter((event) => event.role === role).map(told)).toEqual(truth);
    expect(events).toHaveLength(truth.length * roles.length);
  });

  it.each(SIDES)(
    '64 MiB of stream cost no more records than 16 MiB ($observed observed)',
    async ({ client, server, roles }) => {
      const records: number[] = [];
      for (const size of [16, 64]) {
        const watch = lab.watch();
        await call(client, server, `large:${size}`, 'unary:1');
        const events = await watch.finish();
        expect(losses(watch)).toEqual(NO_LOSSES);
        expect(tally(events.map(tell))).toEqual({
          'test.v1.Echo/Down 0 1:- complete': roles.length,
          'test.v1.Echo/Unary 0 1:1 complete': roles.length,
        });
        records.push(watch.counters().payload?.submitted ?? 0);
        await lab.sandbox.endPrograms();
      }
      for (const count of records) expect(count).toBeLessThan(100 * roles.length);
    },
  );
});
