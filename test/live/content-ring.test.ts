import { describe, expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { tell } from '../support/content-watch.ts';
import { totals } from '../support/events.ts';
import { startNginx } from '../support/nginx.ts';
import type { Place } from '../support/sandbox.ts';

const HOST: Place = { namespace: 'host' };
const UNSEEN: Place = { namespace: 'host', cgroup: 'none' };
const SMALL = 'x'.repeat(612);

describeContents('a ring too small for what is said', (lab) => {
  describe.each([4096, 16_384, 65_536])('%i bytes', (ringBufferSize) => {
    it('HTTP/1: what is lost is counted, what is told is true, and it goes on', async () => {
      const watch = lab.watch({ ringBufferSize });
      const nginx = await startNginx({ sandbox: lab.sandbox, files: { 'small.txt': SMALL } });
      const url = `http://127.0.0.1:${nginx.port}/small.txt`;
      await lab.sandbox.start(['ab', '-q', '-k', '-n', '20000', '-c', '32', url], UNSEEN).end();
      await lab.sandbox.start(['ab', '-q', '-n', '3000', '-c', '32', url], UNSEEN).end();
      await watch.watch.caughtUp();
      // Nothing else is going on now: this one is told whole.
      await lab.sandbox.start(['curl', '-sS', '-o', '/dev/null', `${url}?last`], UNSEEN).end();
      await nginx.logged(23_001);
      const events = await watch.finish();
      const { submitted, dropped } = totals(watch.counters());
      expect(watch.watch.capture.received()).toBe(submitted);
      expect(dropped).toBeGreaterThan(0);
      const known =
        /^(?:GET|-) (?:\/small\.txt(?:\?last)?|-) (?:200|-) (?:0|-) (?:612|-) (?:complete|unanswered|unasked)(?: partial)?$/;
      const told = events.map(tell);
      const last = 'GET /small.txt?last 200 0 612 complete';
      expect(told.filter((line) => line !== last && !known.test(line))).toEqual([]);
      if (ringBufferSize > 4096) expect(told).toContain(last);
    });

    it('HTTP/2: no name or value is mistaken for another', async () => {
      const watch = lab.watch({ ringBufferSize });
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: { 'small.txt': SMALL, 'other.txt': 'y' },
        listen: 'http2',
      });
      const urls = ['small.txt', 'other.txt'].map((name) => `http://127.0.0.1:${nginx.port}/${name}`);
      await lab.sandbox.start(['h2load', '-n', '30000', '-c', '4', '-m', '50', ...urls], HOST).end();
      const events = await watch.finish();
      const { submitted, dropped } = totals(watch.counters());
      expect(watch.watch.capture.received()).toBe(submitted);
      expect(dropped).toBeGreaterThan(0);
      const known =
        /^(?:GET|-) (?:\/small\.txt (?:200|-) \S+ (?:612|-)|\/other\.txt (?:200|-) \S+ (?:1|-)|- (?:200|-) \S+ (?:612|1|-)) (?:complete|unanswered|unasked|reset)(?: partial)?$/;
      expect(events.map(tell).filter((line) => !known.test(line))).toEqual([]);
      expect(events.length).toBeLessThanOrEqual(60_000);
    });
  });
});
