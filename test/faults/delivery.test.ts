import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SEVERITIES } from '../../src/model/finding.ts';
import type { Outcome, SinkCounters } from '../../src/model/sink.ts';
import { type OtlpConfig, resolveOtlpOptions } from '../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../src/telemetry/export/otlp-sink.ts';
import { alert } from '../alerts/fixtures.ts';
import { closeSpools, makeFolder, type Reports, type Spool, spoolIn } from '../alerts/spool/spool-fixture.ts';
import { expectAllReceived } from '../support/conservation.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultyProxy, startFaultyProxy } from '../support/faulty-proxy.ts';
import { type OtlpReceiver, type ReceiverOptions, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { createRandom } from '../support/traffic/random.ts';
import { type Certificates, makeCertificates } from '../telemetry/support/certificates.ts';

/** The whole way of an alert from being taken to the collector: real spool, real gRPC, a real receiver, a fault between. */
const ALERTS = 2_000;
const HOUR_MS = 3_600_000;

let receiver: OtlpReceiver;
let proxy: FaultyProxy;
let nowMs: number;
let spool: Spool & Reports;
let outcomes: Map<string, Outcome>;
let next: number;
let certificates: Certificates;
let reports: string[];

beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());
afterEach(async () => {
  await closeSpools();
  await proxy?.close();
  await receiver?.stop();
});

async function begin(
  options: { receiver?: ReceiverOptions; otlp?: OtlpConfig; maxAgeMs?: number; caFile?: string } = {},
): Promise<void> {
  receiver = await startOtlpReceiver(options.receiver);
  proxy = await startFaultyProxy(receiver.port);
  nowMs = Date.UTC(2026, 0, 1);
  reports = [];
  const { maxAgeMs = 168 * HOUR_MS, caFile } = options;
  const where =
    caFile === undefined
      ? { endpoint: `http://${proxy.address}` }
      : { endpoint: `https://${proxy.address}`, tls: { caFile } };
  const otlp = resolveOtlpOptions({ ...where, timeoutMs: 2_000, ...options.otlp }, {});
  if (otlp === undefined) throw new Error('no endpoint');
  const sink = await createOtlpSink({
    otlp,
    serviceVersion: '0',
    env: {},
    tuning: { batchSize: 64, baseDelayMs: 10, maxDelayMs: 50, lookIntervalMs: 10 },
    onReport: ({ message }) => void reports.push(message),
  });
  spool = await spoolIn(makeFolder(), sink, { now: () => nowMs, maxAgeMs });
  outcomes = new Map();
  next = 0;
}

/** Hands alerts over, some in each turn of the event loop. */
async function send(count: number): Promise<void> {
  for (const end = next + count; next < end; next += 1) {
    const uid = `alert-${next}`;
    spool.send(alert(uid, SEVERITIES[next % 4] ?? 'INFO'), (outcome) => outcomes.set(uid, outcome));
    if (next % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
  }
}

const untilSpooled = (): Promise<void> =>
  eventually(
    () => spool.counters.pending === 0,
    () => `all to be on disk: ${JSON.stringify(spool.counters)}`,
  );

/** Everything is delivered, nothing lost, and the receiver says the same. */
async function expectWhole(lost: SinkCounters['lost'] = {}): Promise<void> {
  const missing = Object.values(lost).reduce((sum, count) => sum + count, 0);
  await eventually(
    () => spool.counters.delivered + missing === next,
    () => `everything to be delivered: ${JSON.stringify(spool.counters)} ${spool.problems.join('; ')}`,
  );
  expect(spool.counters).toMatchObject({ accepted: next, pending: 0, spooled: 0, lost });
  expectAllReceived(spool.counters, receiver.records, [...outcomes.keys()]);
}

describe('a collector that is', () => {
  it('down for ten minutes: everything waits on disk, and arrives in order', async () => {
    await begin();
    proxy.fault({ kind: 'refuse' });
    await send(ALERTS);
    await untilSpooled();
    for (let minute = 0; minute < 10; minute += 1) {
      nowMs += 60_000;
      await send(10);
    }
    await untilSpooled();
    expect(spool.counters).toMatchObject({ delivered: 0, lost: {} });
    expect(proxy.struck).toBeGreaterThan(1);
    proxy.fault({ kind: 'pass' });
    await expectWhole();
    const order = receiver.records.map(({ attributes }) =>
      Number((attributes['log.record.uid'] as string).slice(6)),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('slow: it is waited for', async () => {
    await begin();
    proxy.fault({ kind: 'slow', delayMs: 20 });
    receiver.delay(20);
    await send(ALERTS / 4);
    await expectWhole();
    // Each once: nothing was given up and sent again.
    expect(receiver.records).toHaveLength(next);
  });

  it('resetting connections at any byte: each arrives at least once', async () => {
    await begin();
    const random = createRandom(7);
    proxy.fault({ kind: 'reset', afterBytes: () => random.below(60_000) });
    await send(ALERTS);
    await eventually(
      () => proxy.struck >= 8,
      () => `resets; seen ${proxy.struck}: ${JSON.stringify(spool.counters)}`,
    );
    proxy.fault({ kind: 'pass' });
    await expectWhole();
  });

  it('half open (it never answers on the connection that is there): given up after the time limit, and sent anew', async () => {
    await begin({ otlp: { timeoutMs: 300 } });
    await send(10);
    await eventually(() => spool.counters.delivered === 10, 'the connection to stand');
    proxy.fault({ kind: 'silent' });
    expect(proxy.struck).toBe(1);
    await send(ALERTS);
    await expectWhole();
  });

  it('rejecting part: those are lost and counted, all others arrive', async () => {
    await begin();
    receiver.judge((records) => ({
      kind: 'partial',
      rejected: Math.min(3, records.length),
      message: 'too old',
    }));
    await send(64);
    await eventually(
      () => spool.counters.delivered + (spool.counters.lost.rejected ?? 0) === 64,
      'the first to be judged',
    );
    receiver.judge(undefined);
    await send(ALERTS);
    const { rejected = 0 } = spool.counters.lost;
    expect(rejected).toBeGreaterThan(0);
    await expectWhole({ rejected });
  });

  it('behind a wrong certificate: nothing is told to it; with the right one everything arrives', async () => {
    const { ca, otherCa, server } = certificates;
    const folder = mkdtempSync(`${tmpdir()}/telegen-faults-`);
    const caFile = `${folder}/ca.crt`;
    copyFileSync(otherCa.certFile, caFile);
    try {
      await begin({ receiver: { tls: { cert: server.cert, key: server.key } }, caFile });
      await send(ALERTS);
      await untilSpooled();
      await eventually(() => reports.length > 0, 'the refusal');
      expect(receiver.requests).toHaveLength(0);
      copyFileSync(ca.certFile, caFile);
      await expectWhole();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a clock that jumps', () => {
  it.each([
    ['an hour ahead', HOUR_MS],
    ['an hour back', -HOUR_MS],
  ])('%s while the collector is away: nothing is lost, the order stays', async (_name, jumpMs) => {
    await begin();
    proxy.fault({ kind: 'refuse' });
    await send(ALERTS / 4);
    await untilSpooled();
    nowMs += jumpMs;
    await send(ALERTS / 4);
    await untilSpooled();
    nowMs -= jumpMs;
    await send(ALERTS / 4);
    await untilSpooled();
    proxy.fault({ kind: 'pass' });
    await expectWhole();
    const order = receiver.records.map(({ attributes }) =>
      Number((attributes['log.record.uid'] as string).slice(6)),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});
