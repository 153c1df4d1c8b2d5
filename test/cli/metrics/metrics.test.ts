import { afterEach, describe, expect, test } from 'vitest';
import { createDelivery } from '../../../src/alerts/deliver.ts';
import { ALL_FEATURES } from '../../../src/capture/live/plan.ts';
import { type Metrics, openMetrics } from '../../../src/cli/metrics/metrics.ts';
import type { AgentPorts } from '../../../src/cli/metrics/self-metrics.ts';
import type { Alert } from '../../../src/model/finding.ts';
import { loadText } from '../../config/helpers.ts';
import { eventually } from '../../support/eventually.ts';
import { http } from '../../telemetry/support/aggregate.ts';

let telemetry: Metrics | undefined;
const said: string[] = [];
const diagnostics = {
  info: (message: string) => said.push(message),
  warn: (message: string) => said.push(message),
  error: (message: string) => said.push(message),
};

afterEach(async () => {
  await telemetry?.close();
  telemetry = undefined;
  said.length = 0;
});

/** A free port is asked of the kernel by another server first. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function start(more = ''): Promise<string> {
  const port = await freePort();
  const { config } = loadText(`agent: {telemetry: {listen: {port: ${port}}${more}}}`);
  telemetry = openMetrics({
    config,
    version: '1.2.3',
    diagnostics,
    routeOf: () => undefined,
    rename: (attributes) => attributes,
  });
  await eventually(() => said.length > 0, 'the server to listen');
  return `http://127.0.0.1:${port}`;
}

const json = async (url: string) => (await fetch(url)).json() as Promise<Record<string, unknown>>;

const hooks = ALL_FEATURES.map((feature) => ({ feature, state: 'ok' as const }));
const capture: NonNullable<AgentPorts['capture']> = {
  hooks,
  counters: () => ({ attempted: { submitted: 5, dropped: 2 } }),
  received: () => 5,
  pending: () => 64,
};
const engine = {
  received: 9,
  handled: 8,
  filtered: 1,
  findings: 3,
  candidates: 2,
  lossReports: 1,
  notices: 0,
};
const sinks = { otlp: { accepted: 5, delivered: 3, pending: 1, lost: { queue_full: 1 } } };
const detectors = [{ name: 'scan', counters: { sources: 6 } }, { name: 'blocklist' }];
const list = {
  name: 'bad',
  file: '/x',
  role: 'block' as const,
  entries: 7,
  invalidLines: 0,
  generation: 4,
  loadedAtMs: 1,
  modifiedMs: 1,
  error: 'broken',
};
const ports: AgentPorts = {
  capture,
  ringBytes: 4_096,
  engine,
  delivery: () => sinks,
  lists: () => [list],
  detectors,
};

const alert = (n: number): Alert => ({
  uid: String(n),
  timeMs: 0,
  severity: 'WARNING',
  body: `alert ${n}`,
  attributes: { 'net.peer.port': n },
});

describe('readiness', () => {
  test('follows the hooks, health does not', async () => {
    const url = await start();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    telemetry?.attach(ports);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { status: 'ready', hooks: { tcp: 'ok' } },
    ]);
    telemetry?.attach({
      capture: { ...capture, hooks: hooks.map((hook) => ({ ...hook, state: 'missing' as const })) },
    });
    const lacking = await json(`${url}/readyz`);
    expect(lacking.reason).toBe('missing hooks: connect4, tcp');
    telemetry?.attach({});
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });

  test('follows the watched cgroup', async () => {
    const url = await start();
    let trouble: string | undefined = 'the watched cgroup /x is gone';
    telemetry?.attach({ capture: { ...capture, cgroupTrouble: () => trouble } });
    const gone = await fetch(`${url}/readyz`);
    expect([gone.status, await gone.json()]).toMatchObject([503, { status: 'not ready', reason: trouble }]);
    trouble = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

test('what telegen says of itself', async () => {
  const url = await start();
  telemetry?.attach(ports);
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of [
    'telegen_build_info{version="1.2.3"} 1',
    'telegen_records_submitted_total{class="attempted"} 5',
    'telegen_records_dropped_total{class="attempted",reason="ring_full"} 2',
    'telegen_records_received_total 5',
    'telegen_ring_used_bytes 64',
    'telegen_ring_size_bytes 4096',
    'telegen_hook{feature="tcp",state="ok"} 1',
    'telegen_events_total{result="handled"} 8',
    'telegen_events_total{result="filtered"} 1',
    'telegen_findings_total 3',
    'telegen_detector_refused_total{detector="scan",what="sources"} 6',
    'telegen_sink_alerts_total{sink="otlp",result="delivered"} 3',
    'telegen_sink_alerts_total{sink="otlp",result="queue_full"} 1',
    'telegen_sink_queue{sink="otlp"} 1',
    'telegen_list_entries{list="bad"} 7',
    'telegen_list_generation{list="bad"} 4',
    'telegen_list_failed{list="bad"} 1',
  ])
    expect(text.split('\n')).toContain(line);
});

test('metrics of events, in the format that was asked for', async () => {
  const url = await start();
  telemetry?.onEvent(http({ client: '10.0.0.9 5000', server: '10.0.0.1 80', by: 'server', comm: 'api' }));
  const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
  const response = await fetch(`${url}/metrics`, { headers });
  expect(response.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  const text = await response.text();
  expect(text).toContain('http_server_requests_total{service_name="api",method="GET",status_code="200"} 1\n');
  expect(text.endsWith('# EOF\n')).toBe(true);
});

test('topology, status and the latest alerts', async () => {
  const url = await start();
  telemetry?.attach(ports);
  telemetry?.onEvent(
    http({ client: '10.0.0.9 5000', server: '10.0.0.1 80', by: 'server', comm: 'api', timeMs: Date.now() }),
  );
  const delivery = telemetry?.watching(createDelivery({ sinks: [] }));
  for (let n = 1; n <= 1_002; n++) delivery?.send(alert(n));
  expect(await json(`${url}/api/v1/topology`)).toMatchObject({
    topology: { nodes: [{ id: '10.0.0.9' }, { id: 'api' }], edges: [{ source: '10.0.0.9', target: 'api' }] },
  });
  expect(await json(`${url}/api/v1/status`)).toMatchObject({
    version: '1.2.3',
    events: engine,
    sinks,
    lists: [list],
  });
  const { total, alerts } = (await json(`${url}/api/v1/alerts?limit=2`)) as {
    total: number;
    alerts: { body: string }[];
  };
  expect([total, alerts.map(({ body }) => body)]).toEqual([1_002, ['alert 1002', 'alert 1001']]);
  const all = (await json(`${url}/api/v1/alerts?limit=5000`)) as { alerts: unknown[] };
  expect(all.alerts).toHaveLength(1_000);
  expect((await fetch(`${url}/api/v1/alerts?limit=x`)).status).toBe(400);
});

test('a port that is taken is said once, and stops nothing', async () => {
  const url = await start();
  const port = new URL(url).port;
  const first = telemetry;
  said.length = 0;
  const { config } = loadText(`agent: {telemetry: {listen: {port: ${port}}}}`);
  const second = openMetrics({
    config,
    version: '1.2.3',
    diagnostics,
    routeOf: () => undefined,
    rename: (attributes) => attributes,
  });
  await eventually(() => said.length > 0, 'the warning');
  expect(said[0]).toMatch(/^no HTTP: cannot listen on 127\.0\.0\.1:\d+ \(.*EADDRINUSE.*\); trying again/);
  await second.close();
  expect(first).toBe(telemetry);
});

test('listen.enabled: false opens no port', async () => {
  const port = await freePort();
  const { config } = loadText(`agent: {telemetry: {listen: {port: ${port}, enabled: false}}}`);
  telemetry = openMetrics({
    config,
    version: '1.2.3',
    diagnostics,
    routeOf: () => undefined,
    rename: (attributes) => attributes,
  });
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
});

test('caps come from the configuration', async () => {
  const url = await start(', max_label_values: 1');
  for (const comm of ['a', 'b', 'c'])
    telemetry?.onEvent(
      http({ client: '10.0.0.9 1', server: `10.0.0.1 ${comm.charCodeAt(0)}`, by: 'server', comm }),
    );
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain(
    'http_server_requests_total{service_name="~other",method="GET",status_code="200"} 2\n',
  );
  expect(text).toContain(
    'telegen_metric_folds_total{metric="http_server_requests",label="service_name"} 2\n',
  );
});
