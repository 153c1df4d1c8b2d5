import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { counter, histogram } from '../../../src/telemetry/aggregate/instruments.ts';
import { dotted, open } from '../../../src/telemetry/aggregate/metric.ts';
import { createRegistry } from '../../../src/telemetry/aggregate/registry.ts';
import { createOtlpMetrics, type OtlpMetrics } from '../../../src/telemetry/export/otlp-metrics.ts';
import { resolveOtlpOptions } from '../../../src/telemetry/export/otlp-options.ts';
import { eventually } from '../../support/eventually.ts';
import { type MetricsReceiver, startMetricsReceiver } from '../../support/otlp-metrics-receiver.ts';

const START_MS = 1_700_000_000_000;
const NOW_MS = START_MS + 60_000;
const NEVER_MS = 3_600_000;

let receiver: MetricsReceiver;
let exporter: OtlpMetrics | undefined;
let waiting = 0;
const said: string[] = [];

beforeEach(async () => {
  receiver = await startMetricsReceiver();
  waiting = 0;
  said.length = 0;
});
afterEach(() => {
  exporter?.close();
  receiver.stop();
});

const registry = () => createRegistry(undefined, START_MS);

function start(families = registry(), intervalMs = NEVER_MS): OtlpMetrics {
  const settings = {
    endpoint: `http://${receiver.address}`,
    headers: { 'x-api-key': 'k' },
    compression: 'gzip',
  } as const;
  const otlp = resolveOtlpOptions(settings, {});
  if (otlp === undefined) throw new Error('the endpoint is given');
  exporter = createOtlpMetrics({
    otlp,
    serviceVersion: '1.2.3',
    env: {},
    families: families.families,
    intervalMs,
    alertsWaiting: () => waiting,
    onReport: ({ message }) => said.push(message),
    now: () => NOW_MS,
  });
  return exporter;
}

/** Without the registry's own metrics. */
const received = () => receiver.requests.flat().filter(({ name }) => !name.startsWith('telegen_metric'));

test('sums, gauges and histograms arrive with their names, units, times and attributes', async () => {
  const all = registry();
  const labels = [open('path'), open('empty')];
  counter(all, { name: 'requests', kind: 'counter', unit: '{request}', help: 'H.' }, { labels })(
    ['/a', ''],
    START_MS + 5,
    3,
  );
  const bounds = [0.5, 1];
  const seconds = {
    name: 'took_seconds',
    otelName: 'took.duration',
    kind: 'histogram',
    unit: 's',
    bounds,
    help: 'H.',
  } as const;
  const took = histogram(all, seconds, [dotted('error.type')]);
  for (const value of [0.1, 0.75, 3]) took(['500'], START_MS + 5, { value });
  all.observe({ spec: { name: 'level', kind: 'gauge', help: 'H.' }, read: () => [[[], -1.5]] });
  await start(all).export();
  const [requests, duration, level] = received();
  expect(requests).toMatchObject({
    name: 'requests',
    unit: '{request}',
    kind: 'sum',
    temporality: 2,
    attributes: { path: '/a' },
    startMs: START_MS + 5,
    timeMs: NOW_MS,
    value: 3,
    resource: { 'service.name': 'telegen', 'service.version': '1.2.3' },
  });
  expect(Object.keys(requests?.attributes ?? {})).toEqual(['path']);
  expect(duration).toMatchObject({
    name: 'took.duration',
    kind: 'histogram',
    temporality: 2,
    attributes: { 'error.type': '500' },
  });
  expect([duration?.counts, duration?.bounds]).toEqual([[1, 1, 1], bounds]);
  expect(duration?.value).toBeCloseTo(3.85, 9);
  expect(level).toMatchObject({ name: 'level', kind: 'gauge', value: -1.5 });
  expect(receiver.metadata[0]).toMatchObject({ 'x-api-key': 'k' });
  expect(exporter?.counters).toEqual({ delivered: 1, failed: 0, shed: 0, skipped: 0 });
});

test('many series go in several messages, none lost', async () => {
  const all = registry();
  const labels = [open('n')];
  const requests = counter(all, { name: 'requests', kind: 'counter', help: 'H.' }, { labels });
  for (let n = 0; n < 1_001; n++) requests([String(n)], START_MS, 1);
  all.observe({
    spec: { name: 'level', kind: 'gauge', help: 'H.' },
    labels,
    read: () => Array.from({ length: 4_500 }, (_, n) => [[String(n)], n] as const),
  });
  await start(all).export();
  expect(receiver.requests.length).toBe(3);
  expect(Math.max(...receiver.requests.map((request) => request.length))).toBeLessThanOrEqual(2_000);
  expect(received().filter(({ name }) => name === 'requests')).toHaveLength(1_001);
  expect(new Set(received().flatMap(({ name, value }) => (name === 'level' ? [value] : []))).size).toBe(
    4_500,
  );
});

describe('trouble', () => {
  test('a refusal is said once, and the next export carries everything', async () => {
    const all = registry();
    const requests = counter(all, { name: 'requests', kind: 'counter', help: 'H.' });
    requests([], START_MS, 1);
    const metrics = start(all);
    receiver.fail(status.UNAVAILABLE);
    await metrics.export();
    await metrics.export();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^metrics cannot be sent to http:\/\/127\.0\.0\.1:\d+: UNAVAILABLE: no/);
    receiver.fail(undefined);
    requests([], START_MS, 1);
    await metrics.export();
    expect(received().map(({ value }) => value)).toEqual([2]);
    expect(said.at(-1)).toMatch(/^metrics reach .* again$/);
    expect(metrics.counters).toEqual({ delivered: 1, failed: 2, shed: 0, skipped: 0 });
  });

  test('alerts that wait go first', async () => {
    const metrics = start();
    waiting = 512;
    await metrics.export();
    expect([receiver.requests.length, metrics.counters.shed]).toEqual([0, 1]);
    waiting = 511;
    await metrics.export();
    expect(metrics.counters).toMatchObject({ delivered: 1, shed: 1 });
  });

  test('a collector that is slow gets one export at a time', async () => {
    const release = receiver.hold();
    const metrics = start();
    const first = metrics.export();
    await metrics.export();
    expect(metrics.counters.skipped).toBe(1);
    release();
    await first;
    expect(metrics.counters.delivered).toBe(1);
  });
});

test('exports come by themselves, until it is closed', async () => {
  const metrics = start(registry(), 20);
  await eventually(() => metrics.counters.delivered >= 2, 'two exports');
  metrics.close();
  const { delivered } = metrics.counters;
  expect(delivered).toBeGreaterThanOrEqual(2);
});
