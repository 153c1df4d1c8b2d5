import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Alert } from '../../../src/model/finding.ts';
import type { AlertSink } from '../../../src/model/sink.ts';
import { type OtlpConfig, resolveOtlpOptions } from '../../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink, type OtlpTuning } from '../../../src/telemetry/export/otlp-sink.ts';
import type { ExportReport } from '../../../src/telemetry/export/sink.ts';
import { alert, TIME_MS } from '../../alerts/fixtures.ts';
import { type OtlpReceiver, type ReceiverOptions, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { expectProbed } from '../support/probed.ts';

const FAST: Partial<OtlpTuning> = { baseDelayMs: 20, maxDelayMs: 100, reportIntervalMs: 60_000 };
const PATIENCE = { timeout: 25_000, interval: 10 };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function receiverOf(options?: ReceiverOptions): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver(options);
  cleanups.push(() => receiver.stop());
  return receiver;
}

interface SinkSetup {
  readonly config?: OtlpConfig;
  readonly tuning?: Partial<OtlpTuning>;
  readonly env?: Record<string, string>;
}

async function sinkTo(address: string, { config, tuning, env = {} }: SinkSetup = {}) {
  const otlp = resolveOtlpOptions({ endpoint: `http://${address}`, timeoutMs: 5000, ...config }, env);
  if (otlp === undefined) throw new Error('no endpoint');
  const reports: ExportReport[] = [];
  const onReport = (report: ExportReport) => void reports.push(report);
  const sink = await createOtlpSink({
    otlp,
    serviceVersion: '1.2.3',
    env,
    onReport,
    tuning: { ...FAST, ...tuning },
  });
  cleanups.push(() => sink.close());
  return { sink, reports };
}

function uids(receiver: OtlpReceiver): string[] {
  return receiver.records.map((record) => record.attributes['log.record.uid'] as string);
}

function sendMany(sink: AlertSink, from: number, to: number, make: (uid: string) => Alert = alert): string[] {
  const names = Array.from({ length: to - from }, (_, i) => `${from + i}`);
  for (const name of names) sink.send(make(name));
  return names;
}

function untilDelivered(sink: AlertSink, count: number): Promise<void> {
  return vi.waitFor(() => expect(sink.counters.delivered).toBe(count), PATIENCE);
}

describe('what arrives', () => {
  it('is the alert with all its attributes, types and arrays', async () => {
    const receiver = await receiverOf();
    const { sink } = await sinkTo(receiver.address, { config: { serviceName: 'edge' } });
    const attributes = {
      'network.event_type': 'suspicious_connection',
      'net.peer.port': 4444,
      'telegen.rtt_us': 12.5,
      'telegen.summary': true,
      'telegen.reasons': ['blocklist', 'suspicious_port'],
      'process.command_line': 'sh -c "é\n😀"',
      'telegen.list.name': [],
    };
    const beforeNs = BigInt(Date.now()) * 1_000_000n;
    sink.send(
      alert('uid-1', 'WARNING', { attributes, body: 'Suspicious outbound connection to known bad IP' }),
    );
    await untilDelivered(sink, 1);
    const [record] = receiver.records;
    expect(record).toMatchObject({
      timeUnixNano: BigInt(TIME_MS) * 1_000_000n,
      severityNumber: 13,
      severityText: 'WARNING',
      body: 'Suspicious outbound connection to known bad IP',
      eventName: 'telegen.detection.suspicious_connection',
      attributes: { ...attributes, 'log.record.uid': 'uid-1' },
      droppedAttributesCount: 0,
      scope: { name: 'telegen', version: '1.2.3' },
    });
    expect(record?.observedTimeUnixNano).toBeGreaterThanOrEqual(beforeNs);
    expect(record?.resource).toMatchObject({
      'service.name': 'edge',
      'service.version': '1.2.3',
      'telemetry.distro.name': 'telegen',
      'host.name': expect.any(String),
    });
    expect(sink.counters).toEqual({ accepted: 1, delivered: 1, pending: 0, lost: {} });
  });

  it('comes over a connection that the kernel probes while it is silent', async () => {
    const receiver = await receiverOf();
    const { sink } = await sinkTo(receiver.address);
    sink.send(alert('1'));
    await untilDelivered(sink, 1);
    await expectProbed(receiver.port);
  });

  it.each([
    ['INFO', 9],
    ['WARNING', 13],
    ['ERROR', 17],
    ['CRITICAL', 21],
  ] as const)('has severity %s as number %i', async (severity, number) => {
    const receiver = await receiverOf();
    const { sink } = await sinkTo(receiver.address);
    sink.send(alert('1', severity));
    await untilDelivered(sink, 1);
    expect(receiver.records[0]).toMatchObject({ severityText: severity, severityNumber: number });
  });

  it('keeps times of old captures and more attributes than the SDK would', async () => {
    const receiver = await receiverOf();
    const { sink } = await sinkTo(receiver.address);
    const attributes = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a${i}`, i]));
    sink.send(alert('1', 'INFO', { timeMs: 1_000_000.25, attributes }));
    await untilDelivered(sink, 1);
    expect(receiver.records[0]?.timeUnixNano).toBe(1_000_000_250_000n);
    expect(Object.keys(receiver.records[0]?.attributes ?? {})).toHaveLength(301);
  });

  it('comes with headers, user agent and gzip', async () => {
    const receiver = await receiverOf();
    const config = {
      headers: { Authorization: 'Bearer t0ken', 'x-tenant': 'a' },
      compression: 'gzip',
    } as const;
    const { sink } = await sinkTo(receiver.address, { config });
    sink.send(alert('1'));
    await untilDelivered(sink, 1);
    expect(receiver.requests[0]).toMatchObject({ encoding: 'gzip' });
    expect(receiver.requests[0]?.metadata).toMatchObject({
      authorization: 'Bearer t0ken',
      'x-tenant': 'a',
      'user-agent': expect.stringContaining('telegen/1.2.3'),
    });
  });

  it('comes in order and in batches of at most 512', async () => {
    const receiver = await receiverOf();
    const { sink } = await sinkTo(receiver.address);
    const sent = sendMany(sink, 0, 2000);
    expect(await sink.flush(20_000)).toBe(true);
    expect(uids(receiver)).toEqual(sent);
    expect(receiver.requests.map((request) => request.records.length)).toEqual([512, 512, 512, 464]);
    expect(receiver.requests[0]?.encoding).toBe('identity');
  });
});

describe('outages', () => {
  it('loses nothing when the receiver comes up later', async () => {
    const early = await startOtlpReceiver();
    await early.stop();
    const { sink, reports } = await sinkTo(early.address);
    const sent = sendMany(sink, 0, 50);
    await vi.waitFor(() => expect(reports).toHaveLength(1), PATIENCE);
    expect(reports[0]).toMatchObject({ level: 'error' });
    expect(reports[0]?.message).toContain(`alerts cannot be sent to http://${early.address}: UNAVAILABLE`);
    const receiver = await receiverOf({ port: early.port });
    await untilDelivered(sink, 50);
    expect(uids(receiver)).toEqual(sent);
    expect(reports.at(-1)).toMatchObject({ level: 'info', message: expect.stringContaining('again') });
  });

  it('loses nothing over a restart of the receiver', async () => {
    const first = await startOtlpReceiver();
    const { sink } = await sinkTo(first.address);
    const sent = sendMany(sink, 0, 20);
    await untilDelivered(sink, 20);
    await first.stop();
    sent.push(...sendMany(sink, 20, 40));
    const second = await receiverOf({ port: first.port });
    sent.push(...sendMany(sink, 40, 60));
    await untilDelivered(sink, 60);
    expect([...uids(first), ...uids(second)]).toEqual(sent);
  });

  it.each([
    ['UNAVAILABLE', status.UNAVAILABLE],
    ['RESOURCE_EXHAUSTED', status.RESOURCE_EXHAUSTED],
    ['INTERNAL', status.INTERNAL],
    ['UNAUTHENTICATED', status.UNAUTHENTICATED],
    ['PERMISSION_DENIED', status.PERMISSION_DENIED],
    ['UNIMPLEMENTED', status.UNIMPLEMENTED],
    ['INVALID_ARGUMENT', status.INVALID_ARGUMENT],
  ])('retries the same records after %s, and reports it once', async (name, code) => {
    const receiver = await receiverOf();
    receiver.failNext(4, code, 'not now');
    const { sink, reports } = await sinkTo(receiver.address);
    sendMany(sink, 0, 3);
    await untilDelivered(sink, 3);
    expect(uids(receiver).toSorted()).toEqual(['0', '1', '2']);
    expect(reports.map((report) => report.level)).toEqual(['error', 'info']);
    expect(reports[0]?.message).toContain(`${name}: not now`);
  });

  it('retries after a receiver that answers too late', async () => {
    const receiver = await receiverOf();
    receiver.delay(60_000);
    const { sink, reports } = await sinkTo(receiver.address, { config: { timeoutMs: 200 } });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(reports[0]?.message).toContain('DEADLINE_EXCEEDED'), PATIENCE);
    receiver.delay(0);
    await untilDelivered(sink, 1);
    expect(new Set(uids(receiver))).toEqual(new Set(['1']));
  });
});

describe('a receiver that asks to wait', () => {
  it('is let alone for as long, and gets everything then', async () => {
    const receiver = await receiverOf();
    let asked = 0;
    receiver.judge(() => {
      if (asked > 0) return undefined;
      asked = performance.now();
      return { kind: 'fail', code: status.RESOURCE_EXHAUSTED, message: 'slow down', retryAfterMs: 1_500 };
    });
    const { sink } = await sinkTo(receiver.address);
    const sent = sendMany(sink, 0, 5);
    await untilDelivered(sink, 5);
    // The sink's own delay is 100 ms at most. Timers may be early by a millisecond.
    expect(performance.now() - asked).toBeGreaterThan(1_490);
    expect(uids(receiver)).toEqual(sent);
  });
});

describe('records that the receiver dislikes', () => {
  it('counts those of a partial success as rejected', async () => {
    const receiver = await receiverOf();
    receiver.judge(() => ({ kind: 'partial', rejected: 2, message: 'too old' }));
    const { sink, reports } = await sinkTo(receiver.address);
    sendMany(sink, 0, 5);
    await vi.waitFor(() => expect(sink.counters.pending).toBe(0), PATIENCE);
    expect(sink.counters).toEqual({ accepted: 5, delivered: 3, pending: 0, lost: { rejected: 2 } });
    expect(reports[0]?.message).toContain('rejected 2 of 5 alerts: too old');
    expect(receiver.requests).toHaveLength(1);
  });

  it('isolates one that is refused for what it holds, and delivers all others', async () => {
    const receiver = await receiverOf();
    receiver.judge((records) =>
      records.some((record) => record.attributes['log.record.uid'] === '17')
        ? { kind: 'fail', code: status.INVALID_ARGUMENT, message: 'bad record' }
        : undefined,
    );
    const { sink, reports } = await sinkTo(receiver.address);
    const sent = sendMany(sink, 0, 40);
    await vi.waitFor(() => expect(sink.counters.pending).toBe(0), PATIENCE);
    expect(sink.counters).toEqual({ accepted: 40, delivered: 39, pending: 0, lost: { rejected: 1 } });
    expect(uids(receiver).toSorted()).toEqual(sent.filter((uid) => uid !== '17').toSorted());
    expect(reports.some((report) => report.message.includes('which is lost'))).toBe(true);
  });

  it('splits a batch that is too large for the receiver', async () => {
    const receiver = await receiverOf({ maxMessageBytes: 20_000 });
    const { sink } = await sinkTo(receiver.address);
    const big = (uid: string) =>
      alert(uid, 'ERROR', { attributes: { 'process.command_line': 'x'.repeat(4000) } });
    const sent = sendMany(sink, 0, 32, big);
    await untilDelivered(sink, 32);
    expect(uids(receiver)).toEqual(sent);
  });
});

describe('limits', () => {
  it('drops the oldest of the least grave when the queue is full, and counts them', async () => {
    const down = await startOtlpReceiver();
    await down.stop();
    const { sink, reports } = await sinkTo(down.address, { tuning: { capacity: 10, batchSize: 4 } });
    sendMany(sink, 0, 5, (uid) => alert(`critical-${uid}`, 'CRITICAL'));
    sendMany(sink, 0, 20, (uid) => alert(`info-${uid}`, 'INFO'));
    expect(sink.counters).toEqual({ accepted: 25, delivered: 0, pending: 10, lost: { queue_full: 15 } });
    expect(reports.some((report) => report.message.includes('the queue is full'))).toBe(true);
    const receiver = await receiverOf({ port: down.port });
    await untilDelivered(sink, 10);
    expect(uids(receiver)).toEqual([
      ...[0, 1, 2, 3, 4].map((n) => `critical-${n}`),
      ...[15, 16, 17, 18, 19].map((n) => `info-${n}`),
    ]);
  });

  it('ends a flush in time, and counts what is left as lost at shutdown', async () => {
    const down = await startOtlpReceiver();
    await down.stop();
    const outcomes: string[] = [];
    const { sink } = await sinkTo(down.address);
    for (let i = 0; i < 3; i += 1) sink.send(alert(`${i}`), (outcome) => outcomes.push(outcome));
    expect(await sink.flush(300)).toBe(false);
    await sink.close();
    expect(outcomes).toEqual(['shutdown', 'shutdown', 'shutdown']);
    sink.send(alert('late'), (outcome) => outcomes.push(outcome));
    expect(sink.counters).toEqual({
      accepted: 4,
      delivered: 0,
      pending: 0,
      lost: { shutdown: 3, sink_closed: 1 },
    });
    await sink.close();
  });

  it('does not wait in a flush for a long back-off that is running', async () => {
    const receiver = await receiverOf();
    receiver.failNext(1, status.UNAVAILABLE, 'not now');
    const hours = { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
    const { sink, reports } = await sinkTo(receiver.address, { tuning: hours });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(reports).toHaveLength(1), PATIENCE);
    expect(await sink.flush(20_000)).toBe(true);
    expect(uids(receiver)).toEqual(['1']);
  });

  it('flushes nothing at once', async () => {
    const { sink } = await sinkTo('127.0.0.1:1');
    expect(await sink.flush(60_000)).toBe(true);
  });
});

it('loads no OpenTelemetry and no gRPC module before a sink is made', async () => {
  const file = new URL('../../../src/telemetry/export/otlp-sink.ts', import.meta.url).href;
  const code = `
    import { createRequire } from 'node:module';
    const { createOtlpSink } = await import(${JSON.stringify(file)});
    const loaded = () => Object.keys(createRequire(${JSON.stringify(file)}).cache).filter((name) => /@(grpc|opentelemetry)/.test(name));
    const before = loaded().length;
    const otlp = { endpoint: 'x', address: 'x:1', secure: false, headers: {}, compression: 'none', timeoutMs: 1, tls: {} };
    const sink = await createOtlpSink({ otlp, serviceVersion: '1', env: {} });
    await sink.close();
    process.stdout.write(JSON.stringify([before, loaded().length > 100]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  expect(JSON.parse(stdout)).toEqual([0, true]);
});
