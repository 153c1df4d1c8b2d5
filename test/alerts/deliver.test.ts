import { describe, expect, it } from 'vitest';
import { createDelivery } from '../../src/alerts/deliver.ts';
import type { Alert } from '../../src/model/finding.ts';
import type { AlertSink, Outcome } from '../../src/model/sink.ts';
import { alert } from './fixtures.ts';

type Settle = (outcome: Outcome) => void;
const NO_COUNTS = { accepted: 0, delivered: 0, pending: 0, lost: {} };

/** A sink under the test's control: it keeps what it got until the test settles it. */
function manualSink(name: string, overrides: Partial<AlertSink> = {}) {
  const held: { alert: Alert; settled: Settle | undefined }[] = [];
  const sink: AlertSink = {
    name,
    counters: NO_COUNTS,
    send: (sent, settled) => void held.push({ alert: sent, settled }),
    flush: async () => held.length === 0,
    close: async () => {},
    ...overrides,
  };
  return { sink, held };
}

describe('delivery', () => {
  it('hands every alert to every sink and keeps separate books', () => {
    const a = manualSink('a');
    const b = manualSink('b');
    const delivery = createDelivery({ sinks: [a.sink, b.sink] });
    delivery.send(alert('1'));
    delivery.send(alert('2'));
    a.held[0]!.settled?.('delivered');
    b.held[1]!.settled?.('rejected');
    expect(a.held.map((item) => item.alert.uid)).toEqual(['1', '2']);
    expect(delivery.counters()).toEqual({
      a: { accepted: 2, delivered: 1, pending: 1, lost: {} },
      b: { accepted: 2, delivered: 0, pending: 1, lost: { rejected: 1 } },
    });
  });

  it('passes over what a sink does not want, and counts it', () => {
    const [picky, other] = [manualSink('picky'), manualSink('other')];
    const wants = { picky: ({ severity }: Alert) => severity === 'ERROR' };
    const delivery = createDelivery({ sinks: [picky.sink, other.sink], wants });
    delivery.send(alert('1', 'INFO'));
    delivery.send(alert('2', 'ERROR'));
    expect([picky.held.length, other.held.length]).toEqual([1, 2]);
    expect(delivery.counters()).toEqual({
      picky: { accepted: 1, delivered: 0, pending: 1, lost: {}, filtered: 1 },
      other: { accepted: 2, delivered: 0, pending: 2, lost: {} },
    });
  });

  it("gives a spool's own books, and adds what never reached it", async () => {
    const own = { accepted: 2, restored: 3, delivered: 1, spooled: 4, pending: 0, lost: { spool_age: 1 } };
    const spool = manualSink('spool', { counters: own });
    const delivery = createDelivery({ sinks: [spool.sink], maxPending: 2 });
    for (const uid of ['1', '2', '3']) delivery.send(alert(uid));
    for (const { settled } of spool.held) settled?.('spooled');
    expect(delivery.counters().spool).toEqual({ ...own, accepted: 3, lost: { spool_age: 1, queue_full: 1 } });
    delivery.send(alert('4'));
    expect(spool.held).toHaveLength(3);
  });

  it('bounds what is under way at a sink that does not get on', () => {
    const slow = manualSink('slow');
    const delivery = createDelivery({ sinks: [slow.sink], maxPending: 3 });
    for (let i = 0; i < 10; i += 1) delivery.send(alert(`${i}`));
    expect(slow.held).toHaveLength(3);
    expect(delivery.counters().slow).toEqual({
      accepted: 10,
      delivered: 0,
      pending: 3,
      lost: { queue_full: 7 },
    });
    slow.held[0]!.settled?.('delivered');
    delivery.send(alert('next'));
    expect(slow.held).toHaveLength(4);
  });

  it('shields the others from a sink that throws, and says so once', () => {
    const problems: string[] = [];
    const broken = manualSink('broken', {
      send: () => {
        throw new Error('boom');
      },
    });
    const good = manualSink('good');
    const delivery = createDelivery({
      sinks: [broken.sink, good.sink],
      onProblem: (text) => problems.push(text),
    });
    delivery.send(alert('1'));
    delivery.send(alert('2'));
    expect(good.held).toHaveLength(2);
    expect(delivery.counters().broken).toEqual({
      accepted: 2,
      delivered: 0,
      pending: 0,
      lost: { sink_error: 2 },
    });
    expect(problems).toEqual(['alert sink broken failed: boom']);
  });

  it('keeps right books with a sink that settles twice', () => {
    const odd = manualSink('odd');
    const delivery = createDelivery({ sinks: [odd.sink] });
    delivery.send(alert('1'));
    odd.held[0]!.settled?.('delivered');
    odd.held[0]!.settled?.('rejected');
    expect(delivery.counters().odd).toEqual({ accepted: 1, delivered: 1, pending: 0, lost: {} });
  });

  it('counts what is left at the end, and later alerts, as lost', async () => {
    const slow = manualSink('slow');
    const delivery = createDelivery({ sinks: [slow.sink] });
    delivery.send(alert('1'));
    await delivery.close();
    slow.held[0]!.settled?.('delivered');
    delivery.send(alert('2'));
    expect(delivery.counters().slow).toEqual({
      accepted: 2,
      delivered: 0,
      pending: 0,
      lost: { shutdown: 1, sink_closed: 1 },
    });
  });

  it.each([
    ['all are empty', [async () => true, async () => true], true],
    ['one has something left', [async () => true, async () => false], false],
    ['one rejects', [async () => Promise.reject(new Error('no')), async () => true], false],
    ['one hangs', [() => new Promise<boolean>(() => {}), async () => true], false],
    [
      'one throws',
      [
        () => {
          throw new Error('no');
        },
        async () => true,
      ],
      false,
    ],
  ])('flushes within the time given: %s', async (_name, flushes, expected) => {
    const sinks = flushes.map((flush, i) => manualSink(`${i}`, { flush }).sink);
    expect(await createDelivery({ sinks }).flush(10)).toBe(expected);
  });
});
