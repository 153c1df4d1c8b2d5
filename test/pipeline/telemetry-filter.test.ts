import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpFacts } from '../../src/model/conversation.ts';
import type { DnsEvent, EventKind, HttpEvent, TelegenEvent } from '../../src/model/event.ts';
import { createTelemetryFilter, type TelemetryFilterOptions } from '../../src/pipeline/telemetry-filter.ts';
import { connection, TIME_MS } from '../alerts/fixtures.ts';

const ALL: ReadonlySet<EventKind> = new Set(['connection', 'dns', 'http', 'grpc', 'tls', 'process', 'loss']);
const OPEN: TelemetryFilterOptions = {
  kinds: ALL,
  dns: { captureQueries: true, captureResponses: true, captureContent: true },
  includePorts: [],
  excludePorts: [],
  excludePaths: [],
};
const { kind: _kind, phase: _phase, ...facts } = connection();

function http(target: string | undefined): HttpEvent {
  const said: HttpFacts = {
    version: '1.1',
    ...(target !== undefined && { target }),
    requestHeaders: [],
    responseHeaders: [],
    outcome: 'complete',
    partial: false,
  };
  return { ...facts, kind: 'http', http: said };
}
const loss: TelegenEvent = {
  kind: 'loss',
  timeMs: TIME_MS,
  what: 'attempted',
  reason: 'ring_full',
  count: 1,
};

describe('the filter of telemetry', () => {
  test('shows events as they are when nothing is configured', () => {
    const filter = createTelemetryFilter(OPEN);
    for (const event of [connection(), http('/'), loss]) expect(filter.apply(event)).toBe(event);
    expect(filter.counters).toEqual({
      offered: 3,
      shown: 3,
      withheld: { switched_off: 0, port: 0, path: 0 },
    });
  });

  test('counts what it withholds, by reason', () => {
    const filter = createTelemetryFilter({
      ...OPEN,
      kinds: new Set(['connection', 'http', 'loss']),
      excludePorts: [22],
      excludePaths: ['/health'],
    });
    const ssh = connection({ local: { ...facts.local, port: 22 } });
    const tls: TelegenEvent = {
      ...facts,
      kind: 'tls',
      tls: { alpn: [], versions: [], cipherCount: 0, ja4: '', encryptedHello: false },
    };
    for (const event of [ssh, http('/health?x'), http(undefined), tls, loss]) filter.apply(event);
    expect(filter.counters).toEqual({
      offered: 5,
      shown: 2,
      withheld: { switched_off: 1, port: 1, path: 1 },
    });
  });

  test.each([
    [[443], [], 443, 50_000, true],
    [[443], [], 50_000, 443, true],
    [[443], [], 80, 50_000, false],
    [[443], [443], 443, 50_000, false],
    [[], [443], 50_000, 443, false],
    [[], [443], 50_000, 80, true],
  ])('include %j exclude %j: %i to %i', (includePorts, excludePorts, localPort, remotePort, shown) => {
    const filter = createTelemetryFilter({ ...OPEN, includePorts, excludePorts });
    const event = connection({
      local: { ...facts.local, port: localPort },
      remote: { ...facts.remote, port: remotePort },
    });
    expect(filter.apply(event) !== undefined).toBe(shown);
  });

  test('a question alone is told when it was asked, after a timeout, too', () => {
    const dns = { captureQueries: true, captureResponses: false, captureContent: true };
    const filter = createTelemetryFilter({ ...OPEN, dns });
    const asked = { id: 1, questionName: 'a.example', questionType: 'A', retries: 2 };
    const event: DnsEvent = { ...facts, kind: 'dns', dns: { ...asked, outcome: 'timeout' } };
    expect(filter.apply(event)).toEqual({
      ...event,
      timeMs: TIME_MS - 5000,
      dns: { ...asked, outcome: 'asked' },
    });
  });

  test.each([
    [true, true, true],
    [true, false, true],
    [false, true, false],
    [false, false, false],
  ])('a question that nothing came of: queries %s, responses %s: shown %s', (queries, responses, shown) => {
    const dns = { captureQueries: queries, captureResponses: responses, captureContent: true };
    const filter = createTelemetryFilter({ ...OPEN, dns });
    const asked = {
      id: 1,
      questionName: 'a.example',
      questionType: 'A',
      retries: 0,
      outcome: 'asked',
    } as const;
    const event: DnsEvent = { ...facts, kind: 'dns', dns: asked };
    expect(filter.apply(event)).toEqual(shown ? event : undefined);
  });

  test('whatever comes: offered = shown + withheld', () => {
    const kinds = fc.constantFrom(connection(), http('/a'), http('/health'), loss);
    const ports = fc.array(fc.constantFrom(4444, 80, 443));
    fc.assert(
      fc.property(fc.array(kinds), ports, ports, (events, includePorts, excludePorts) => {
        const filter = createTelemetryFilter({ ...OPEN, includePorts, excludePorts, excludePaths: ['/h*'] });
        const shown = events.filter((event) => filter.apply(event) !== undefined).length;
        const { counters } = filter;
        const withheld = Object.values(counters.withheld).reduce((sum, count) => sum + count, 0);
        expect([counters.offered, counters.shown + withheld, counters.shown]).toEqual([
          events.length,
          events.length,
          shown,
        ]);
      }),
    );
  });
});
