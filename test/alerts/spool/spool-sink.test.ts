import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/model/finding.ts';
import { SEVERITIES } from '../../../src/model/finding.ts';
import type { Outcome } from '../../../src/model/sink.ts';
import { eventually } from '../../support/eventually.ts';
import { alert } from '../fixtures.ts';
import { balance, closeSpools, destination, makeFolder, type Spool, spoolIn } from './spool-fixture.ts';

afterEach(closeSpools);

const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`);
/** A destination that is away. */
const away = () => destination(() => undefined);
const segments = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.seg'));

function sendAll(spool: Spool, uids: readonly string[], severity?: Severity): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  for (const [index, uid] of uids.entries())
    spool.send(alert(uid, severity ?? SEVERITIES[index % 4]!), (outcome) => outcomes.set(uid, outcome));
  return outcomes;
}

const untilSpooled = (spool: Spool, count: number): Promise<void> =>
  eventually(
    () => spool.counters.spooled === count,
    () => `${count} alerts on disk: ${JSON.stringify(spool.counters)}`,
  );

describe('an alert', () => {
  it('is on disk before it counts as taken, and leaves when it is delivered', async () => {
    const folder = makeFolder();
    const sink = away();
    const spool = await spoolIn(folder, sink);
    const outcomes = sendAll(spool, ['a'], 'ERROR');
    expect(outcomes.size).toBe(0);
    expect(spool.counters).toMatchObject({ pending: 1, spooled: 0 });
    await eventually(() => outcomes.size === 1, 'the alert to be taken');
    expect(outcomes.get('a')).toBe('spooled');
    expect(readFileSync(`${folder}/${segments(folder)[0]}`, 'latin1')).toContain('"uid":"a"');
    await eventually(() => sink.got.length === 1, 'the alert to be handed out');
    sink.settleAll('delivered');
    expect(spool.counters).toEqual({
      accepted: 1,
      restored: 0,
      delivered: 1,
      pending: 0,
      spooled: 0,
      lost: {},
    });
    await spool.close();
    expect(segments(folder)).toEqual([]);
  });

  it('keeps its place in the order over severities and batches', async () => {
    const sink = destination();
    const spool = await spoolIn(makeFolder(), sink);
    for (let i = 0; i < 3_000; i += 500) {
      sendAll(spool, names(i, i + 500));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await spool.flush(20_000)).toBe(true);
    expect(sink.got).toEqual(names(0, 3_000));
  });

  it('comes back after a restart, in order, with its uid, and only if it was not delivered', async () => {
    const folder = makeFolder();
    const first = away();
    const before = await spoolIn(folder, first);
    sendAll(before, names(0, 100));
    await untilSpooled(before, 100);
    await before.close();
    expect(before.counters).toMatchObject({ spooled: 100, pending: 0, lost: {} });

    const second = destination((sent) => (Number(sent.uid) < 60 ? 'delivered' : undefined));
    const between = await spoolIn(folder, second);
    expect(between.counters).toMatchObject({ accepted: 0, restored: 100 });
    await eventually(() => between.counters.delivered === 60, 'the first 60 to be delivered');
    await between.close();

    const third = destination();
    const after = await spoolIn(folder, third);
    sendAll(after, ['new']);
    expect(await after.flush(20_000)).toBe(true);
    expect(third.got).toEqual([...names(60, 100), 'new']);
    expect(balance(after.counters)).toBe(0);
  });

  it('is read from disk when more wait than memory holds', async () => {
    const sink = away();
    const spool = await spoolIn(makeFolder(), sink, { limits: { maxUnderWay: 16 } });
    sendAll(spool, names(0, 2_000));
    await untilSpooled(spool, 2_000);
    expect(sink.got.length).toBeLessThanOrEqual(16);
    sink.answer = () => 'delivered';
    sink.settleAll('delivered');
    expect(await spool.flush(20_000)).toBe(true);
    expect(sink.got).toEqual(names(0, 2_000));
  });

  it.each(['queue_full', 'shutdown', 'sink_error'] as const)(
    'that comes back as %s is tried again',
    async (outcome) => {
      const sink = destination(() => outcome);
      const spool = await spoolIn(makeFolder(), sink);
      sendAll(spool, ['a', 'b', 'c']);
      await eventually(() => sink.got.length > 0, 'a try');
      expect(spool.counters).toMatchObject({ delivered: 0, spooled: 3, lost: {} });
      sink.answer = () => 'delivered';
      expect(await spool.flush(20_000)).toBe(true);
      expect(sink.got.slice(-3).toSorted()).toEqual(['a', 'b', 'c']);
    },
  );

  it('that is refused for good is lost, counted, and set aside for who wants to see it', async () => {
    const folder = makeFolder();
    const spool = await spoolIn(
      folder,
      destination((sent) => (sent.uid === 'bad' ? 'rejected' : 'delivered')),
    );
    sendAll(spool, ['good', 'bad', 'also good']);
    expect(await spool.flush(20_000)).toBe(true);
    expect(spool.counters).toMatchObject({ delivered: 2, lost: { rejected: 1 } });
    await spool.close();
    const aside = readFileSync(`${folder}/rejected.jsonl`, 'utf8').trim().split('\n');
    expect(aside.map((line) => (JSON.parse(line) as { uid: string }).uid)).toEqual(['bad']);
  });

  it('that is too large is refused at once', async () => {
    const spool = await spoolIn(makeFolder(), destination());
    const outcomes: Outcome[] = [];
    spool.send(alert('big', 'INFO', { body: 'x'.repeat(1_100_000) }), (outcome) => outcomes.push(outcome));
    expect(outcomes).toEqual(['too_large']);
    expect(balance(spool.counters)).toBe(0);
  });
});

describe('bounds', () => {
  const MAX_BYTES = 1_048_576;
  const taken = (spool: Spool, uid: string, severity: Severity): Promise<Outcome> =>
    new Promise((resolve) => spool.send(alert(uid, severity, { body: 'x'.repeat(4_000) }), resolve));
  const allTaken = (spool: Spool, uids: readonly string[], severity: Severity): Promise<Outcome[]> =>
    Promise.all(uids.map((uid) => taken(spool, uid, severity)));

  it('of size: the oldest of the least grave go first, are counted, and what is graver stays', async () => {
    const folder = makeFolder();
    const critical = names(0, 40).map((name) => `c${name}`);
    const spool = await spoolIn(folder, away(), { maxBytes: MAX_BYTES, limits: { maxUnderWay: 1 } });
    await allTaken(spool, critical, 'CRITICAL');
    for (let i = 0; i < 600; i += 20) await allTaken(spool, names(i, i + 20), 'INFO');
    const bytes = segments(folder).reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(spool.counters.lost.spool_full).toBeGreaterThan(300);
    expect(balance(spool.counters)).toBe(0);
    await spool.close();

    const sink = destination();
    const after = await spoolIn(folder, sink);
    expect(await after.flush(20_000)).toBe(true);
    expect(sink.got.filter((uid) => uid.startsWith('c'))).toEqual(critical);
    expect(sink.got.at(-1)).toBe('599');
  });

  it('of size: a lesser alert does not push out a graver one', async () => {
    const folder = makeFolder();
    const spool = await spoolIn(folder, away(), { maxBytes: 262_144, limits: { maxUnderWay: 1 } });
    for (let i = 0; i < 200; i += 10)
      await allTaken(
        spool,
        names(i, i + 10).map((name) => `c${name}`),
        'CRITICAL',
      );
    const lostBefore = spool.counters.lost.spool_full ?? 0;
    for (const name of names(0, 50)) await taken(spool, name, 'WARNING');
    expect(spool.counters.lost.spool_full).toBeGreaterThan(lostBefore);
    expect(balance(spool.counters)).toBe(0);
    const unbacked = spool.counters.pending;
    await spool.close();
    const sink = destination();
    const after = await spoolIn(folder, sink);
    expect(await after.flush(20_000)).toBe(true);
    expect(sink.got.filter((uid) => uid.startsWith('c'))).toHaveLength(200 - lostBefore - unbacked);
  });

  it('of age: what is too old is given up, counted; what is not stays', async () => {
    const folder = makeFolder();
    let now = 1_000_000;
    const before = await spoolIn(folder, away(), {
      now: () => now,
      maxAgeMs: 60_000,
      limits: { maxUnderWay: 1 },
    });
    sendAll(before, names(0, 50));
    await untilSpooled(before, 50);
    now += 50_000;
    sendAll(before, names(50, 80));
    await untilSpooled(before, 80);
    await before.close();
    now += 20_000;
    const sink = destination();
    const after = await spoolIn(folder, sink, { now: () => now, maxAgeMs: 60_000 });
    expect(await after.flush(20_000)).toBe(true);
    expect(sink.got).toEqual(names(50, 80));
    expect(after.counters).toMatchObject({ restored: 80, delivered: 30, lost: { spool_age: 50 } });
  });

  it('of age: a clock that is set back an hour, or on, within the limit loses nothing', async () => {
    const folder = makeFolder();
    let now = 10_000_000;
    const sink = away();
    const spool = await spoolIn(folder, sink, { now: () => now, maxAgeMs: 7_200_000 });
    for (const step of [0, -3_600_000, 3_600_000, 3_600_000]) {
      now += step;
      sendAll(spool, [`${step}/${now}`]);
      await eventually(() => spool.counters.pending === 0, 'the disk');
    }
    sink.answer = () => 'delivered';
    sink.settleAll('delivered');
    expect(await spool.flush(20_000)).toBe(true);
    expect(spool.counters).toMatchObject({ delivered: 4, lost: {} });
  });
});

describe('damage', () => {
  async function leave(count: number): Promise<{ folder: string; file: string }> {
    const folder = makeFolder();
    const spool = await spoolIn(folder, away());
    sendAll(spool, names(0, count), 'WARNING');
    await untilSpooled(spool, count);
    await spool.close();
    return { folder, file: `${folder}/${segments(folder)[0]}` };
  }

  async function recover(folder: string): Promise<{ got: string[]; spool: Spool }> {
    const sink = destination();
    const spool = await spoolIn(folder, sink);
    expect(await spool.flush(20_000)).toBe(true);
    expect(balance(spool.counters)).toBe(0);
    return { got: sink.got, spool };
  }

  it('at the end, a record cut off: all before it are there, and new ones follow', async () => {
    const { folder, file } = await leave(10);
    truncateSync(file, statSync(file).size - 7);
    const { got, spool } = await recover(folder);
    expect(got).toEqual(names(0, 9));
    expect(spool.leftovers.tailBytes).toBeGreaterThan(0);
    sendAll(spool, ['next']);
    expect(await spool.flush(20_000)).toBe(true);
  });

  it('at the end, rubbish: all is there', async () => {
    const { folder, file } = await leave(10);
    appendFileSync(file, Buffer.alloc(300, 0xa5));
    expect((await recover(folder)).got).toEqual(names(0, 10));
  });

  it('in the middle: the record hit is lost and counted, those after it are not', async () => {
    const { folder, file } = await leave(10);
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
    writeFileSync(file, bytes);
    const { got, spool } = await recover(folder);
    expect(got).toHaveLength(9);
    expect(spool.counters).toMatchObject({ restored: 10, delivered: 9, lost: { spool_corrupt: 1 } });
  });

  it('of the cursor: everything on disk is repeated', async () => {
    const { folder } = await leave(10);
    writeFileSync(`${folder}/cursor`, Buffer.alloc(256, 7));
    expect((await recover(folder)).got).toEqual(names(0, 10));
  });

  it('files of strangers are let alone', async () => {
    const { folder } = await leave(3);
    writeFileSync(`${folder}/notes.txt`, 'mine');
    writeFileSync(`${folder}/9-00000000000001.seg`, 'not mine');
    const { got, spool } = await recover(folder);
    await spool.close();
    expect(got).toEqual(names(0, 3));
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['notes.txt', '9-00000000000001.seg']));
  });
});

it('files can be read by nobody else', async () => {
  const folder = makeFolder();
  const spool = await spoolIn(
    folder,
    destination((sent) => (sent.uid === 'bad' ? 'rejected' : undefined)),
  );
  sendAll(spool, ['a', 'bad', 'b']);
  await eventually(() => readdirSync(folder).includes('rejected.jsonl'), 'the file of refused alerts');
  const modes = readdirSync(folder).map((name) => [
    name,
    (statSync(`${folder}/${name}`).mode & 0o777).toString(8),
  ]);
  expect(modes.length).toBeGreaterThan(3);
  expect(modes.filter(([, mode]) => mode !== '600')).toEqual([]);
});
