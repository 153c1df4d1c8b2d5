import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/model/finding.ts';
import type { Outcome } from '../../../src/model/sink.ts';
import { eventually } from '../../support/eventually.ts';
import { alert } from '../fixtures.ts';
import { createMounts } from './small-disk.ts';
import { balance, closeSpools, destination, makeFolder, type Spool, spoolIn } from './spool-fixture.ts';

const { mountSmall, unmountAll, whyNoMount } = createMounts();
const skip = whyNoMount();
const DISK_BYTES = 256 * 1024;
const HOG_BYTES = 200 * 1024;

afterEach(async () => {
  await closeSpools().catch(() => {});
  unmountAll();
});

/** Sends all at once, so that they are one batch; returns what became of each. */
function sendAll(spool: Spool, uids: readonly string[], severity: Severity = 'ERROR'): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  for (const [index, uid] of uids.entries()) {
    // Of many lengths, so that records end anywhere in a page.
    const body = 'x'.repeat(300 + ((index * 37) % 400));
    spool.send(alert(uid, severity, { body }), (outcome) => outcomes.set(uid, outcome));
  }
  return outcomes;
}

const numbered = (count: number, prefix = ''): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const withOutcome = (outcomes: ReadonlyMap<string, Outcome>, wanted: Outcome): string[] =>
  [...outcomes].flatMap(([uid, outcome]) => (outcome === wanted ? [uid] : []));
const bytesIn = (folder: string): number =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0);

describe.skipIf(skip !== undefined)(
  `a disk that is nearly full${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    it('takes as much of a batch as fits, the oldest first; the next run delivers it in order', async () => {
      const folder = makeFolder();
      mountSmall(folder, `size=${DISK_BYTES},mode=700`);
      const spool = await spoolIn(
        folder,
        destination(() => undefined),
      );
      const uids = numbered(3_000);
      const outcomes = sendAll(spool, uids);
      await eventually(() => spool.problems.length > 0, 'the disk to be full');
      // All but the end of the last page: the next alert did not fit.
      expect(bytesIn(folder)).toBeGreaterThan(DISK_BYTES * 0.9);
      const { spooled = 0 } = spool.counters;
      expect(withOutcome(outcomes, 'spooled')).toEqual(uids.slice(0, spooled));
      expect(balance(spool.counters)).toBe(0);

      await spool.close();
      const { lost } = spool.counters;
      expect([lost.shutdown, balance(spool.counters)]).toEqual([3_000 - spooled, 0]);
      const sink = destination();
      const next = await spoolIn(folder, sink);
      expect(next.leftovers).toMatchObject({ waiting: spooled, destroyed: 0, tailBytes: 0 });
      expect(await next.flush(20_000)).toBe(true);
      expect(sink.got).toEqual(uids.slice(0, spooled));
    });

    it('takes the gravest first', async () => {
      const folder = makeFolder();
      mountSmall(folder, `size=${DISK_BYTES},mode=700`);
      const spool = await spoolIn(
        folder,
        destination(() => undefined),
      );
      const lesser = sendAll(spool, numbered(1_000, 'i'), 'INFO');
      const graver = sendAll(spool, numbered(1_000, 'c'), 'CRITICAL');
      await eventually(() => spool.problems.length > 0, 'the disk to be full');
      expect(withOutcome(graver, 'spooled').length).toBe(spool.counters.spooled);
      expect(withOutcome(graver, 'spooled').length).toBeGreaterThan(200);
      expect(withOutcome(lesser, 'spooled')).toEqual([]);
    });

    it('is used to the full again once there is room, and every alert is delivered once', async () => {
      const folder = makeFolder();
      mountSmall(folder, `size=${4 * DISK_BYTES},mode=700`);
      const sink = destination(() => undefined);
      const spool = await spoolIn(folder, sink, { limits: { maxUnderWay: 10 } });
      writeFileSync(`${folder}/hog`, Buffer.alloc(4 * DISK_BYTES - 50 * 1024));
      const uids = numbered(1_000);
      sendAll(spool, uids);
      await eventually(() => spool.problems.length > 0, 'the disk to be full');
      rmSync(`${folder}/hog`);
      await eventually(() => spool.recoveries.length > 0, 'the recovery to be told');
      // But those that were handed out of memory meanwhile.
      expect(spool.counters.spooled).toBeGreaterThanOrEqual(990);
      sink.answer = () => 'delivered';
      sink.settleAll('delivered');
      expect(await spool.flush(20_000)).toBe(true);
      expect(sink.got.toSorted((a, b) => Number(a) - Number(b))).toEqual(uids);
      expect(balance(spool.counters)).toBe(0);
    });

    it('is tried once more at the end, however lately it was full', async () => {
      const folder = makeFolder();
      mountSmall(folder, `size=${DISK_BYTES},mode=700`);
      const spool = await spoolIn(
        folder,
        destination(() => undefined),
        { limits: { maxUnderWay: 1 } },
      );
      writeFileSync(`${folder}/hog`, Buffer.alloc(HOG_BYTES));
      sendAll(spool, numbered(200));
      await eventually(() => spool.problems.length > 0, 'the disk to be full');
      rmSync(`${folder}/hog`);
      await spool.close();
      expect(spool.counters.lost.shutdown ?? 0).toBeLessThanOrEqual(1);
      expect(balance(spool.counters)).toBe(0);
    });

    it('still notes what was delivered: a restart repeats nothing', async () => {
      const folder = makeFolder();
      mountSmall(folder, `size=${DISK_BYTES},mode=700`);
      const sink = destination(() => undefined);
      const spool = await spoolIn(folder, sink);
      sendAll(spool, numbered(1_000));
      await eventually(() => spool.problems.length > 0, 'the disk to be full');
      const delivered = sink.got.slice(0, 100);
      for (const settle of sink.held.splice(0, 100)) settle('delivered');
      const full = `${folder}/rest`;
      try {
        for (;;) writeFileSync(full, Buffer.alloc(1024), { flag: 'a' });
      } catch {
        // Not a byte is left.
      }
      await spool.close();
      const after = destination();
      const next = await spoolIn(folder, after);
      expect(await next.flush(20_000)).toBe(true);
      expect(spool.problems.filter((problem) => problem.includes('repeated'))).toEqual([]);
      expect(after.got.filter((uid) => delivered.includes(uid))).toEqual([]);
      expect(after.got.length).toBeGreaterThan(200);
    });
  },
);
