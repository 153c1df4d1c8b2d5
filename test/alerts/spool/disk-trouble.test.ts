import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { openSpoolDirectory } from '../../../src/alerts/spool/directory.ts';
import { loadAddon } from '../../../src/capture/addon.ts';
import type { Outcome } from '../../../src/model/sink.ts';
import { eventually } from '../../support/eventually.ts';
import { alert } from '../fixtures.ts';
import { createMounts } from './small-disk.ts';
import { balance, closeSpools, destination, makeFolder, spoolIn } from './spool-fixture.ts';

const { mountSmall, mountReadOnly, unmount, unmountAll, whyNoMount } = createMounts();
const lock = (fd: number): boolean => loadAddon().lockFile(fd);
const skip = whyNoMount();

afterEach(async () => {
  await closeSpools().catch(() => {});
  unmountAll();
});

describe.skipIf(skip !== undefined)(
  `trouble with the disk${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    it('full: alerts go on out of memory, the operator is told, and nothing is lost', async () => {
      const folder = makeFolder();
      mountSmall(folder, 'size=256k,mode=700');
      const sink = destination(() => undefined);
      const spool = await spoolIn(folder, sink);
      writeFileSync(`${folder}/hog`, Buffer.alloc(200 * 1024));
      const outcomes = new Map<string, Outcome>();
      const uids = Array.from({ length: 400 }, (_, i) => `${i}`);
      for (const uid of uids) {
        spool.send(alert(uid, 'ERROR', { body: 'x'.repeat(500) }), (outcome) => outcomes.set(uid, outcome));
        if (Number(uid) % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await eventually(() => spool.problems.length > 0, 'the disk to be full');
      expect(spool.problems[0]).toMatch(/cannot be written to .*ENOSPC.*wait in memory/);
      expect(outcomes.size).toBeLessThan(400);
      expect(balance(spool.counters)).toBe(0);

      sink.answer = () => 'delivered';
      sink.settleAll('delivered');
      expect(await spool.flush(20_000)).toBe(true);
      expect(spool.counters).toMatchObject({ accepted: 400, delivered: 400, lost: {} });
      expect([...sink.got].toSorted((a, b) => Number(a) - Number(b))).toEqual(uids);

      rmSync(`${folder}/hog`);
      // For a while later ones go out of memory, too: the disk is tried once a second.
      const send = (): Promise<Outcome> =>
        new Promise((resolve) => spool.send(alert('after', 'INFO'), resolve));
      while ((await send()) !== 'spooled');
      await eventually(() => spool.recoveries.length > 0, 'the recovery to be told');
    });

    it('full with the collector away: memory is bounded, the gravest stay, what goes is counted', async () => {
      const folder = makeFolder();
      mountSmall(folder, 'size=128k,mode=700');
      const sink = destination(() => undefined);
      const spool = await spoolIn(folder, sink, { limits: { maxPending: 100, maxUnderWay: 10 } });
      writeFileSync(`${folder}/hog`, Buffer.alloc(120 * 1024));
      for (let i = 0; i < 500; i += 1) {
        spool.send(alert(`i${i}`, 'INFO', { body: 'x'.repeat(2_000) }));
        if (i < 50) spool.send(alert(`c${i}`, 'CRITICAL', { body: 'x'.repeat(2_000) }));
        if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(spool.counters.lost.queue_full).toBeGreaterThan(300);
      expect(balance(spool.counters)).toBe(0);
      sink.answer = () => 'delivered';
      sink.settleAll('delivered');
      expect(await spool.flush(20_000)).toBe(true);
      expect(sink.got.filter((uid) => uid.startsWith('c')).length).toBe(50);
      expect(Object.keys(spool.counters.lost)).toEqual(['queue_full']);
      expect(spool.counters.delivered + (spool.counters.lost.queue_full ?? 0)).toBe(550);
    });

    it('full: alerts on disk make room for graver ones', async () => {
      const folder = makeFolder();
      mountSmall(folder, 'size=256k,mode=700');
      const sink = destination(() => undefined);
      const spool = await spoolIn(folder, sink, { limits: { maxUnderWay: 1 } });
      const send = (uid: string, severity: 'INFO' | 'CRITICAL'): Promise<Outcome> =>
        new Promise((resolve) => spool.send(alert(uid, severity, { body: 'x'.repeat(4_000) }), resolve));
      for (let i = 0; i < 40; i += 1) await send(`i${i}`, 'INFO');
      writeFileSync(`${folder}/hog`, Buffer.alloc(40 * 1024));
      const outcomes: Outcome[] = [];
      for (let i = 0; i < 30; i += 1) outcomes.push(await send(`c${i}`, 'CRITICAL'));
      expect(new Set(outcomes)).toEqual(new Set(['spooled']));
      expect(spool.counters.lost.spool_full).toBeGreaterThan(0);
      expect(balance(spool.counters)).toBe(0);
    });

    it('that becomes read-only: alerts go on out of memory, and to disk again once it can be written', async () => {
      const folder = makeFolder();
      const sink = destination(() => undefined);
      const spool = await spoolIn(folder, sink, { maxBytes: 1_048_576 });
      const outcomes = new Map<string, Outcome>();
      let sent = 0;
      const send = (count: number): void => {
        for (const end = sent + count; sent < end; sent += 1) {
          const uid = `${sent}`;
          spool.send(alert(uid, 'ERROR', { body: 'x'.repeat(500) }), (outcome) => outcomes.set(uid, outcome));
        }
      };
      send(10);
      await eventually(() => spool.counters.spooled === 10, 'the first to be on disk');
      mountReadOnly(folder);
      for (let round = 0; round < 20 && spool.problems.length === 0; round += 1) {
        send(40);
        await eventually(() => outcomes.size === sent || spool.problems.length > 0, 'them to be taken');
      }
      send(40);
      expect(spool.problems[0]).toMatch(/cannot be written to .*EROFS.*wait in memory/);
      expect(balance(spool.counters)).toBe(0);
      sink.answer = () => 'delivered';
      sink.settleAll('delivered');
      expect(await spool.flush(20_000)).toBe(true);
      unmount();
      const again = (): Promise<Outcome> =>
        new Promise((resolve) => spool.send(alert('after', 'INFO'), resolve));
      // The disk is tried once a second.
      while ((await again()) !== 'spooled');
      await eventually(() => spool.recoveries.length > 0, 'the recovery to be told');
      expect(Object.keys(spool.counters.lost)).toEqual([]);
      expect(new Set(sink.got).size).toBe(sent + 1);
    });

    it('read-only: the directory is refused with the reason', () => {
      const folder = makeFolder();
      mountSmall(folder, 'size=256k,ro,mode=700');
      expect(openSpoolDirectory(folder, lock)).toEqual({
        ok: false,
        problem: expect.stringMatching(/EROFS/),
      });
      expect(openSpoolDirectory(`${folder}/below`, lock)).toEqual({
        ok: false,
        problem: expect.stringMatching(/EROFS/),
      });
    });
  },
);
