import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HeaderField, HttpFacts } from '../../../src/model/conversation.ts';
import type { EventKind, GrpcEvent, HttpEvent, TelegenEvent } from '../../../src/model/event.ts';
import type { SinkCounters } from '../../../src/model/sink.ts';
import { createRename } from '../../../src/net/conventions.ts';
import { eventAttributes } from '../../../src/net/event-attributes.ts';
import { resolveOtlpOptions } from '../../../src/telemetry/export/otlp-options.ts';
import {
  createOtlpTelemetry,
  type OtlpTelemetry,
  type OtlpTelemetryOptions,
} from '../../../src/telemetry/export/otlp-telemetry.ts';
import type { ExportReport } from '../../../src/telemetry/export/sink.ts';
import { connection, ip, TIME_MS } from '../../alerts/fixtures.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import type { ReceivedSpan } from '../../support/otlp-traces.ts';

const PATIENCE = { timeout: 25_000, interval: 10 };
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function receiverOf(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  cleanups.push(() => receiver.stop());
  return receiver;
}

function telemetryTo(address: string, options: Partial<OtlpTelemetryOptions> = {}) {
  const otlp = resolveOtlpOptions({ endpoint: `http://${address}`, timeoutMs: 5000 }, {});
  if (otlp === undefined) throw new Error('no endpoint');
  const reports: ExportReport[] = [];
  const toOtel = createRename('otel');
  const { tuning, ...rest } = options;
  const telemetry = createOtlpTelemetry({
    otlp,
    serviceVersion: '1.2.3',
    env: {},
    events: new Set<EventKind>(['connection', 'http']),
    spans: true,
    describe: (event) => eventAttributes(event),
    describeSpan: (event) => toOtel(eventAttributes(event)),
    alertsWaiting: () => 0,
    onReport: (report) => void reports.push(report),
    now: () => TIME_MS + 5,
    tuning: { baseDelayMs: 20, maxDelayMs: 100, ...tuning },
    ...rest,
  });
  cleanups.push(() => telemetry.close());
  return { telemetry, reports };
}

const { kind: _kind, phase: _phase, ...facts } = connection();

function http(said: Partial<HttpFacts> = {}, more: Partial<HttpEvent> = {}): HttpEvent {
  return {
    ...facts,
    endMs: TIME_MS + 20,
    ...more,
    kind: 'http',
    http: {
      version: '1.1',
      method: 'GET',
      target: '/users/7?token=hunter2',
      authority: 'api.example.com:8080',
      statusCode: 200,
      requestHeaders: [],
      responseHeaders: [],
      durationMs: 12.5,
      outcome: 'complete',
      partial: false,
      ...said,
    },
  };
}

function grpc(
  statusCode: number | undefined,
  more: Partial<GrpcEvent> = {},
  said: Partial<HttpFacts> = {},
): GrpcEvent {
  const call = { service: 'shop.Orders', method: 'Place', ...(statusCode !== undefined && { statusCode }) };
  return { ...facts, ...more, kind: 'grpc', grpc: { http: http({ version: '2', ...said }).http, ...call } };
}

async function spanOf(event: TelegenEvent): Promise<ReceivedSpan> {
  const receiver = await receiverOf();
  const { telemetry } = telemetryTo(receiver.address);
  telemetry.send(event);
  expect(await telemetry.flush(20_000)).toBe(true);
  const [span] = receiver.spans;
  if (span === undefined) throw new Error('no span arrived');
  return span;
}

const server = { role: 'server' } as const;

describe('otlp.events', () => {
  test('events of the chosen kinds arrive as log records, apart from alerts by their name', async () => {
    const receiver = await receiverOf();
    const { telemetry } = telemetryTo(receiver.address);
    telemetry.send(connection());
    telemetry.send(http());
    telemetry.send(grpc(0));
    expect(await telemetry.flush(20_000)).toBe(true);
    expect(receiver.records.map((record) => record.eventName)).toEqual([
      'telegen.event.connection',
      'telegen.event.http',
    ]);
    expect(receiver.records[1]).toMatchObject({
      timeUnixNano: BigInt(TIME_MS) * 1_000_000n,
      observedTimeUnixNano: BigInt(TIME_MS + 5) * 1_000_000n,
      severityNumber: 9,
      severityText: 'INFO',
      scope: { name: 'telegen.telemetry', version: '1.2.3' },
      resource: { 'service.name': 'telegen' },
      attributes: { 'event.name': 'http', 'http.method': 'GET', 'net.peer.ip': '198.51.100.50' },
    });
    expect(telemetry.counters.logs).toMatchObject({ accepted: 2, delivered: 2, pending: 0 });
  });

  test('neither kinds nor spans: nothing is sent', async () => {
    const receiver = await receiverOf();
    const { telemetry } = telemetryTo(receiver.address, { events: new Set(), spans: false });
    telemetry.send(http());
    expect(await telemetry.flush(1000)).toBe(true);
    expect(receiver.requests).toEqual([]);
    expect(telemetry.counters).toEqual({ logs: undefined, spans: undefined, spanless: 0 });
  });
});

describe('otlp.spans', () => {
  test('an exchange seen from the client', async () => {
    const span = await spanOf(http());
    expect(span).toMatchObject({
      name: 'GET',
      kind: 3,
      parentSpanId: '',
      statusCode: 0,
      startTimeUnixNano: BigInt(TIME_MS) * 1_000_000n,
      endTimeUnixNano: BigInt(TIME_MS) * 1_000_000n + 12_500_000n,
      resource: { 'service.name': 'telegen' },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.full': 'http://api.example.com:8080/users/7?token=***',
        'url.path': '/users/7',
        'server.address': 'api.example.com',
        'server.port': 8080,
        'network.peer.address': '198.51.100.50',
        'network.protocol.version': '1.1',
      },
    });
    expect(span.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(span.spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
    expect(Object.keys(span.attributes)).not.toContain('error.type');
  });

  test('an exchange seen from the server is named by its route', async () => {
    const receiver = await receiverOf();
    const describeSpan = () => ({ 'http.route': '/users/{id}' });
    const { telemetry } = telemetryTo(receiver.address, { describeSpan });
    telemetry.send(http({}, server));
    telemetry.send(http({ method: 'BREW' }, server));
    telemetry.send(http());
    await telemetry.flush(20_000);
    expect(receiver.spans.map(({ name, kind }) => [name, kind])).toEqual([
      ['GET /users/{id}', 2],
      ['HTTP /users/{id}', 2],
      ['GET', 3],
    ]);
  });

  test.each([
    ['client 200', http(), 0, undefined],
    ['client 404', http({ statusCode: 404 }), 2, '404'],
    ['server 404', http({ statusCode: 404 }, server), 0, undefined],
    ['server 503', http({ statusCode: 503 }, server), 2, '503'],
    ['client 503', http({ statusCode: 503 }), 2, '503'],
    ['reset', http({ outcome: 'reset' }), 2, 'reset'],
    ['call OK', grpc(0), 0, undefined],
    ['client, call NOT_FOUND', grpc(5), 2, 'NOT_FOUND'],
    ['server, call NOT_FOUND', grpc(5, server), 0, undefined],
    ['server, call INTERNAL', grpc(13, server), 2, 'INTERNAL'],
    ['call without status', grpc(undefined), 0, undefined],
    ['call reset', grpc(undefined, {}, { outcome: 'reset' }), 2, 'reset'],
  ])('status of %s', async (_, event, code, errorType) => {
    const span = await spanOf(event);
    expect([span.statusCode, span.attributes['error.type']]).toEqual([code, errorType]);
  });

  test('a call', async () => {
    expect(await spanOf(grpc(7))).toMatchObject({
      name: 'shop.Orders/Place',
      kind: 3,
      attributes: {
        'rpc.system.name': 'grpc',
        'rpc.method': 'shop.Orders/Place',
        'rpc.status_code': 'PERMISSION_DENIED',
        'server.address': 'api.example.com',
      },
    });
  });

  test('without a response it lasted until it was given up', async () => {
    const { durationMs: _, statusCode: __, ...said } = http().http;
    const span = await spanOf({ ...http(), http: { ...said, outcome: 'unanswered' } });
    expect(span.endTimeUnixNano - span.startTimeUnixNano).toBe(20_000_000n);
    expect(span).toMatchObject({ statusCode: 2, attributes: { 'error.type': 'unanswered' } });
  });

  test('IPv6 authorities, and none', async () => {
    expect((await spanOf(http({ authority: '[2001:db8::1]:8443' }))).attributes).toMatchObject({
      'server.address': '2001:db8::1',
      'server.port': 8443,
    });
    const { authority: _, ...said } = http().http;
    const bare = await spanOf({ ...http(), remote: { ip: ip('198.51.100.50'), port: 81 }, http: said });
    expect(bare.attributes).toMatchObject({ 'server.port': 81 });
    expect(Object.keys(bare.attributes)).not.toContain('server.address');
  });

  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const PARENT = 'b7ad6b7169203331';
  const asked = (...values: string[]) => values.map((value): HeaderField => ['traceparent', value]);
  test.each([
    ['is honoured', asked(`00-${TRACE}-${PARENT}-01`), 1],
    ['is honoured, also when it is not sampled', asked(`00-${TRACE}-${PARENT}-00`), 0],
    ['of a later version', asked(`cc-${TRACE}-${PARENT}-01-more`), 1],
    ['in capitals as a name', [['Traceparent', `00-${TRACE}-${PARENT}-01`] as HeaderField], 1],
  ])('a traceparent %s', async (_, requestHeaders, flags) => {
    const span = await spanOf(http({ requestHeaders }));
    expect([span.traceId, span.parentSpanId, span.flags & 0xff]).toEqual([TRACE, PARENT, flags]);
    expect(span.spanId).not.toBe(PARENT);
  });

  test.each([
    ['malformed', asked('00-abc-def-01')],
    ['in capitals', asked(`00-${TRACE.toUpperCase()}-${PARENT}-01`)],
    ['of version ff', asked(`ff-${TRACE}-${PARENT}-01`)],
    ['of version 00 with more behind it', asked(`00-${TRACE}-${PARENT}-01-x`)],
    ['of zeros', asked(`00-${'0'.repeat(32)}-${PARENT}-01`)],
    ['with a parent of zeros', asked(`00-${TRACE}-${'0'.repeat(16)}-01`)],
    ['given twice', asked(`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`)],
  ])('a traceparent %s makes no parent', async (_, requestHeaders) => {
    const span = await spanOf(http({ requestHeaders }));
    expect(span.parentSpanId).toBe('');
    expect(span.traceId).not.toBe(TRACE);
  });

  test('what is no span is counted: a response without request, a side that is not known', async () => {
    const receiver = await receiverOf();
    const { telemetry } = telemetryTo(receiver.address, { events: new Set() });
    telemetry.send(http({ outcome: 'unasked' }));
    telemetry.send(http({}, { role: 'unknown' }));
    telemetry.send(connection());
    expect(await telemetry.flush(1000)).toBe(true);
    expect(telemetry.counters).toMatchObject({ spanless: 2, spans: { accepted: 0 } });
  });
});

describe('the books of telemetry', () => {
  const balance = ({ accepted, delivered, pending, lost }: SinkCounters) => [
    accepted,
    delivered + pending + Object.values(lost).reduce((sum, count) => sum + count, 0),
  ];
  function expectBalance({ counters }: OtlpTelemetry): void {
    for (const each of [counters.logs, counters.spans])
      if (each !== undefined) expect(new Set(balance(each)).size).toBe(1);
  }

  test('while the collector is away the oldest are lost, counted and reported; then it goes on', async () => {
    const away = await receiverOf();
    await away.stop();
    const { telemetry, reports } = telemetryTo(away.address, { tuning: { capacity: 3, batchSize: 2 } });
    for (let i = 0; i < 10; i++) telemetry.send(http({}, { timeMs: TIME_MS + i }));
    expect(telemetry.counters.spans).toMatchObject({ accepted: 10, pending: 3, lost: { queue_full: 7 } });
    expect(telemetry.counters.logs).toMatchObject({ accepted: 10, pending: 3, lost: { queue_full: 7 } });
    await vi.waitFor(
      () => expect(reports.some(({ message }) => /cannot be sent/.test(message))).toBe(true),
      PATIENCE,
    );
    expect(reports.map(({ message }) => message)).toContain(
      `spans are lost: 3 wait for http://${away.address}`,
    );
    const back = await startOtlpReceiver({ port: away.port });
    cleanups.push(() => back.stop());
    await vi.waitFor(() => expect(telemetry.counters.spans?.pending).toBe(0), PATIENCE);
    expect(back.spans.map((span) => Number(span.startTimeUnixNano / 1_000_000n) - TIME_MS)).toEqual([
      7, 8, 9,
    ]);
    expectBalance(telemetry);
  });

  test('telemetry gives way while alerts wait', async () => {
    const receiver = await receiverOf();
    let waiting = 5;
    const { telemetry, reports } = telemetryTo(receiver.address, {
      alertsWaiting: () => waiting,
      tuning: { alertBacklog: 5 },
    });
    telemetry.send(http());
    waiting = 4;
    telemetry.send(http());
    expect(await telemetry.flush(20_000)).toBe(true);
    for (const each of [telemetry.counters.logs, telemetry.counters.spans])
      expect(each).toMatchObject({ accepted: 2, delivered: 1, lost: { shed: 1 } });
    expect(reports.map(({ message }) => message)).toContain(
      `spans for http://${receiver.address} are given up: alerts wait, or telegen is over its budget`,
    );
    expectBalance(telemetry);
  });

  test.each(['events', 'spans'] as const)(
    'over budget %s alone are given up, and counted',
    async (signal) => {
      const receiver = await receiverOf();
      const { telemetry } = telemetryTo(receiver.address, { isShed: (asked) => asked === signal });
      telemetry.send(http());
      expect(await telemetry.flush(20_000)).toBe(true);
      const { logs, spans } = telemetry.counters;
      const [shed, whole] = signal === 'events' ? [logs, spans] : [spans, logs];
      expect(shed).toMatchObject({ accepted: 1, delivered: 0, lost: { shed: 1 } });
      expect(whole).toMatchObject({ accepted: 1, delivered: 1, lost: {} });
      expectBalance(telemetry);
    },
  );

  test('spans that the collector rejects are counted', async () => {
    const receiver = await receiverOf();
    receiver.judgeSpans(() => ({ kind: 'partial', rejected: 1, message: 'too old' }));
    const { telemetry, reports } = telemetryTo(receiver.address);
    telemetry.send(http());
    telemetry.send(http());
    await telemetry.flush(20_000);
    expect(telemetry.counters.spans).toMatchObject({ delivered: 1, lost: { rejected: 1 } });
    expect(reports.map(({ message }) => message).join()).toMatch(/rejected 1 of 2 spans: too old/);
  });

  test('a collector without traces costs spans alone', async () => {
    const receiver = await receiverOf();
    receiver.judgeSpans(() => ({ kind: 'fail', code: status.UNIMPLEMENTED, message: 'no traces here' }));
    const { telemetry } = telemetryTo(receiver.address);
    telemetry.send(http());
    await vi.waitFor(() => expect(telemetry.counters.logs).toMatchObject({ delivered: 1 }), PATIENCE);
    telemetry.close();
    telemetry.send(http());
    expect(telemetry.counters.spans).toMatchObject({ lost: { shutdown: 1, sink_closed: 1 } });
    expectBalance(telemetry);
  });
});
