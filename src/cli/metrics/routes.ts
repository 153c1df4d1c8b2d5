import type { Rename } from '../../net/conventions.ts';
import type { MetricFamily } from '../../telemetry/aggregate/metric.ts';
import type { Talkers } from '../../telemetry/aggregate/talkers.ts';
import type { Topology } from '../../telemetry/aggregate/topology/topology.ts';
import type { HttpAnswer, HttpRoute } from '../../telemetry/export/http-server.ts';
import {
  CONTENT_TYPES,
  formatFor,
  renderMetrics,
  type TextFormat,
} from '../../telemetry/export/prometheus-text.ts';
import type { RecentAlerts } from '../../telemetry/export/recent-alerts.ts';
import { alertToJson } from '../../telemetry/export/serialize.ts';
import { packetsReport } from './packets-report.ts';
import type { AgentPorts } from './self-metrics.ts';

export interface RouteParts {
  readonly families: readonly MetricFamily[];
  readonly alerts: RecentAlerts;
  /** Names of attributes in alerts. */
  readonly rename: Rename;
  readonly version: string;
  readonly startMs: number;
  readonly topology: () => Topology;
  /** The latest windows of packets. */
  readonly talkers: () => readonly Talkers[];
  readonly ports: () => AgentPorts;
  readonly now: () => number;
}

const JSON_TYPE = 'application/json; charset=utf-8';
/** Milliseconds: asking more often must not cost more. */
const SHARED_MS = 250;
const DEFAULT_ALERTS = 100;

const json = (value: unknown, status = 200): HttpAnswer => ({
  status,
  type: JSON_TYPE,
  body: `${JSON.stringify(value)}\n`,
});

/** All paths that the agent answers. */
export function createRoutes(parts: RouteParts): Readonly<Record<string, HttpRoute>> {
  const { now } = parts;
  const metrics = {
    prometheus: shared(now, () => metricsAnswer(parts, 'prometheus')),
    openmetrics: shared(now, () => metricsAnswer(parts, 'openmetrics')),
  };
  return {
    '/metrics': ({ accept }) => metrics[formatFor(accept)](),
    '/healthz': () => json({ status: 'ok' }),
    '/readyz': () => readiness(parts.ports()),
    '/api/v1/topology': shared(now, () => json({ topology: parts.topology() })),
    '/api/v1/alerts': ({ query }) => recentAlerts(parts, query),
    '/api/v1/status': shared(now, () => json(statusOf(parts))),
  };
}

/** Whoever asks within SHARED_MS of another gets the same answer. */
function shared(now: () => number, make: () => HttpAnswer): () => HttpAnswer {
  let last: { readonly atMs: number; readonly answer: HttpAnswer } | undefined;
  return () => {
    const atMs = now();
    // The clock may be set back.
    if (last === undefined || Math.abs(atMs - last.atMs) >= SHARED_MS) last = { atMs, answer: make() };
    return last.answer;
  };
}

function metricsAnswer({ families }: RouteParts, format: TextFormat): HttpAnswer {
  const body = Buffer.from(renderMetrics(families, format));
  return { status: 200, type: CONTENT_TYPES[format], body };
}

/** Ready means that connections are seen: the kernel side is attached with all that it cannot do without, to a cgroup that is there. */
function readiness({ capture }: AgentPorts): HttpAnswer {
  if (capture === undefined)
    return json({ status: 'not ready', reason: 'the kernel hooks are not attached' }, 503);
  const hooks = Object.fromEntries(capture.hooks.map(({ feature, state }) => [feature.name, state]));
  const lacking = capture.hooks.filter(({ feature, state }) => feature.required && state === 'missing');
  const names = lacking.map(({ feature }) => feature.name).join(', ');
  const reason = names === '' ? capture.cgroupTrouble?.() : `missing hooks: ${names}`;
  return reason === undefined
    ? json({ status: 'ready', hooks })
    : json({ status: 'not ready', reason, hooks }, 503);
}

function recentAlerts({ alerts, rename }: RouteParts, query: URLSearchParams): HttpAnswer {
  const text = query.get('limit') ?? String(DEFAULT_ALERTS);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  if (limit === undefined) return json({ error: 'limit: a whole number is needed' }, 400);
  const list = alerts
    .latest(limit)
    .map((alert) => alertToJson(alert, rename))
    .join(',');
  return { status: 200, type: JSON_TYPE, body: `{"total":${alerts.total},"alerts":[${list}]}\n` };
}

function statusOf({ version, startMs, ports, talkers, now }: RouteParts): unknown {
  const { capture, engine, merger, delivery, lists, packets, kubernetes } = ports();
  return {
    version,
    started: new Date(startMs).toISOString(),
    uptime_seconds: Math.round((now() - startMs) / 1000),
    hooks: (capture?.hooks ?? []).map(({ feature, state, reason }) => ({
      name: feature.name,
      state,
      reason,
    })),
    records: capture?.counters() ?? {},
    events: engine,
    alerts: merger,
    sinks: delivery?.() ?? {},
    lists: lists?.() ?? [],
    packets: packetsReport(packets, talkers()),
    kubernetes: kubernetes?.status() ?? [],
  };
}
