import { explicitOtlp } from '../../config/explicit-otlp.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { headerSource } from '../../config/renew-headers.ts';
import type { AlertSink } from '../../model/sink.ts';
import type { Registry } from '../../telemetry/aggregate/registry.ts';
import type { OtlpMetrics } from '../../telemetry/export/otlp-metrics.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { resolveCollector } from '../run/sinks.ts';
import { version } from '../version.ts';

export interface MetricsExportParts {
  readonly loaded: LoadedConfig;
  /** Absent when `agent.telemetry.enabled` is false. */
  readonly registry: Registry | undefined;
  /** Alerts have precedence on the way to the collector. */
  readonly sinks: readonly AlertSink[];
  readonly diagnostics: Diagnostics;
}

/** Opens the way of metrics to the collector, when it is switched on and there is a collector. */
export async function openMetricsExport(parts: MetricsExportParts): Promise<OtlpMetrics | undefined> {
  const { loaded, registry, sinks, diagnostics } = parts;
  const { metrics, metricsIntervalMs } = loaded.config.exported;
  if (!metrics) return undefined;
  const otlp = resolveCollector(explicitOtlp(loaded), headerSource(loaded));
  if (otlp === undefined || registry === undefined) {
    const lacking = otlp === undefined ? 'otlp.endpoint' : 'agent.telemetry.enabled';
    diagnostics.warn(`otlp.metrics has no effect without ${lacking}`);
    return undefined;
  }
  // Loaded only when it is used: the modules cost tens of megabytes.
  const { createOtlpMetrics } = await import('../../telemetry/export/otlp-metrics.ts');
  const collector = sinks.find(({ name }) => name === 'otlp');
  return createOtlpMetrics({
    otlp,
    serviceVersion: await version(),
    env: process.env,
    families: registry.families,
    intervalMs: metricsIntervalMs,
    alertsWaiting: () => (collector?.counters.pending ?? 0) + (collector?.counters.spooled ?? 0),
    onReport: ({ level, message }) =>
      level === 'error' ? diagnostics.error(message) : diagnostics.info(message),
  });
}
