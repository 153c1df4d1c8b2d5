import type { Config } from '../../config/config.ts';
import type { HttpEvent, TelegenEvent } from '../../model/event.ts';
import { renderMetrics } from '../../telemetry/export/prometheus-text.ts';
import { formatTopology, type TopologyFormat } from '../../telemetry/export/topology-text.ts';
import { createMetricsCore } from '../metrics/metrics.ts';

/** Metrics or topology of a replay, as text at its end. */
export interface ReplayTelemetry {
  readonly onEvent: (event: TelegenEvent) => void;
  tick(nowMs: number): void;
  report(endMs: number): string;
}

/** What of a replay is wanted besides lines: the metrics, or the topology in some form. */
export type TelemetryReport = 'metrics' | TopologyFormat;

/** The capture is looked at as a whole: nothing is too old to count. */
export function createReplayTelemetry(
  config: Config,
  report: TelemetryReport,
  routeOf: (event: HttpEvent) => string | undefined,
): ReplayTelemetry {
  const { registry, aggregator } = createMetricsCore(config, {
    windowMs: Number.POSITIVE_INFINITY,
    startMs: 0,
    idleMs: Number.POSITIVE_INFINITY,
    routeOf,
  });
  return {
    onEvent: aggregator.onEvent,
    tick: (nowMs) => aggregator.tick(nowMs),
    report(endMs) {
      const topology = aggregator.topology(endMs);
      return report === 'metrics'
        ? renderMetrics(registry.families, 'prometheus')
        : formatTopology(topology, report);
    },
  };
}
