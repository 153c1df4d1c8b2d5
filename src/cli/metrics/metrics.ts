import type { Delivery } from '../../alerts/deliver.ts';
import type { Config } from '../../config/config.ts';
import type { EventKind, HttpEvent, TelegenEvent } from '../../model/event.ts';
import type { LiveFlow } from '../../model/flow.ts';
import type { ClusterLookup } from '../../model/lookup.ts';
import type { PacketSample } from '../../model/packets.ts';
import type { Rename } from '../../net/conventions.ts';
import { parsePrefixSet } from '../../net/prefix-set.ts';
import { type Aggregator, createAggregator } from '../../telemetry/aggregate/aggregator.ts';
import { createRegistry, type Registry } from '../../telemetry/aggregate/registry.ts';
import { createTalkers } from '../../telemetry/aggregate/talkers.ts';
import { createRecentAlerts } from '../../telemetry/export/recent-alerts.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { watchEventLoop } from './event-loop.ts';
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
  /** Absent outside Kubernetes. */
  readonly cluster?: Pick<ClusterLookup, 'isOwn'> | undefined;
}

/** Metrics and topology of a running agent, and the HTTP server that shows them. */
export interface Metrics {
  readonly registry: Registry;
  readonly onEvent: (event: TelegenEvent) => void;
  readonly onFlow: (flow: LiveFlow) => void;
  readonly onSample: (sample: PacketSample) => void;
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
  { routeOf, cluster, ...times }: CoreTimes & Pick<MetricsParts, 'routeOf' | 'cluster'>,
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
    packetSampleRate: network.xdp.sampleRate,
    naming: semanticConventions,
    windowMs: times.windowMs,
    routeOf,
    isInternal: (ip) => internal.has(ip) || cluster?.isOwn(ip) === true,
  });
  return { registry, aggregator };
}

/** Starts telemetry; listening goes on being tried, since detection must not wait for a port. */
export function openMetrics(parts: MetricsParts): Metrics {
  const { config, version, diagnostics, routeOf, rename, cluster } = parts;
  const startMs = Date.now();
  const { registry, aggregator } = createMetricsCore(config, {
    windowMs: config.telemetry.topologyWindowMs,
    startMs,
    routeOf,
    cluster,
  });
  const alerts = createRecentAlerts(RECENT_ALERTS);
  const talkers = createTalkers();
  let ports: AgentPorts = {};
  const listener = createListener(config.telemetry.listen, diagnostics, () =>
    createRoutes({
      families: registry.families,
      alerts,
      rename,
      version,
      startMs,
      topology: () => aggregator.topology(Date.now()),
      talkers: () => talkers.snapshot(Date.now()),
      ports: () => ports,
      now: Date.now,
    }),
  );
  const loop = watchEventLoop();
  registerSelfMetrics(registry, {
    loop,
    version,
    startMs,
    ports: () => ports,
    http: () => listener.server()?.counters,
  });
  return {
    registry,
    onFlow: aggregator.onFlow,
    onSample: aggregator.onSample,
    onEvent(event) {
      aggregator.onEvent(event);
      if (event.kind === 'packet_rate') talkers.onEvent(event);
    },
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
    close() {
      loop.close();
      return listener.close();
    },
  };
}
