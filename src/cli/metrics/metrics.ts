import type { Delivery } from '../../alerts/deliver.ts';
import type { Config } from '../../config/config.ts';
import type { EventKind, HttpEvent, TelegenEvent } from '../../model/event.ts';
import type { Rename } from '../../net/conventions.ts';
import { parsePrefixSet } from '../../net/prefix-set.ts';
import { type Aggregator, createAggregator } from '../../telemetry/aggregate/aggregator.ts';
import { createRegistry, type Registry } from '../../telemetry/aggregate/registry.ts';
import { createRecentAlerts } from '../../telemetry/export/recent-alerts.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { createListener } from './listener.ts';
import { createRoutes } from './routes.ts';
import { type AgentPorts, registerSelfMetrics } from './self-metrics.ts';

/** What metrics have to see; records of other kinds need not be made for them. */
export const METRIC_KINDS: readonly EventKind[] = ['connection', 'dns', 'http', 'grpc', 'tls'];
/** Alerts kept for `/api/v1/alerts`. */
const RECENT_ALERTS = 1_000;

export interface MetricsParts {
  readonly config: Pick<Config, 'network' | 'telemetry' | 'semanticConventions'>;
  readonly version: string;
  readonly diagnostics: Diagnostics;
  readonly routeOf: RouteOf;
  /** Names of attributes in alerts. */
  readonly rename: Rename;
}

/** Metrics and topology of a running agent, and the HTTP server that shows them. */
export interface Metrics {
  readonly registry: Registry;
  readonly onEvent: (event: TelegenEvent) => void;
  /** The same delivery; its alerts are also shown over HTTP. */
  watching(delivery: Delivery): Delivery;
  tick(nowMs: number): void;
  /** From now on the agent's parts are these; without a capture the agent is not ready. */
  attach(ports: AgentPorts): void;
  close(): Promise<void>;
}

/** Milliseconds. A capture is looked at as a whole: window and idle time are infinite then. */
export interface CoreTimes {
  readonly windowMs: number;
  readonly startMs: number;
  /** Replaces `series_idle`. */
  readonly idleMs?: number;
}

/** The route of a request, where it has one. */
type RouteOf = (event: HttpEvent) => string | undefined;

/** The metrics and the topology that the configuration asks for. */
export function createMetricsCore(
  config: MetricsParts['config'],
  { routeOf, ...times }: CoreTimes & { readonly routeOf: RouteOf },
): { readonly registry: Registry; readonly aggregator: Aggregator } {
  const { network, telemetry, semanticConventions } = config;
  const internal = parsePrefixSet(network.security.internalNetworks, 'security.internal_networks');
  const limits = {
    maxValues: telemetry.maxLabelValues,
    maxSeries: telemetry.maxSeries,
    idleMs: times.idleMs ?? telemetry.seriesIdleMs,
  };
  const registry = createRegistry(limits, times.startMs);
  const aggregator = createAggregator({
    registry,
    tcp: network.tcp,
    naming: semanticConventions,
    windowMs: times.windowMs,
    routeOf,
    isInternal: (ip) => internal.has(ip),
  });
  return { registry, aggregator };
}

/** Starts telemetry; listening goes on being tried, since detection must not wait for a port. */
export function openMetrics({ config, version, diagnostics, routeOf, rename }: MetricsParts): Metrics {
  const startMs = Date.now();
  const { registry, aggregator } = createMetricsCore(config, {
    windowMs: config.telemetry.topologyWindowMs,
    startMs,
    routeOf,
  });
  const alerts = createRecentAlerts(RECENT_ALERTS);
  let ports: AgentPorts = {};
  const listener = createListener(config.telemetry.listen, diagnostics, () =>
    createRoutes({
      families: registry.families,
      alerts,
      rename,
      version,
      startMs,
      topology: () => aggregator.topology(Date.now()),
      ports: () => ports,
      now: Date.now,
    }),
  );
  registerSelfMetrics(registry, {
    version,
    startMs,
    ports: () => ports,
    http: () => listener.server()?.counters,
  });
  return {
    registry,
    onEvent: aggregator.onEvent,
    watching: (delivery) => ({
      ...delivery,
      send(alert) {
        alerts.add(alert);
        delivery.send(alert);
      },
    }),
    tick(nowMs) {
      aggregator.tick(nowMs);
      listener.tick();
    },
    attach(next) {
      ports = next;
    },
    close: () => listener.close(),
  };
}
