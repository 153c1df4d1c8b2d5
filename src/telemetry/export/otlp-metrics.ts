import { hostname } from 'node:os';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { MetricFamily } from '../aggregate/metric.ts';
import { classifyFailure } from './otlp-errors.ts';
import { createMetricClient } from './otlp-metric-client.ts';
import { toMetricData } from './otlp-metric-data.ts';
import type { Env, OtlpOptions } from './otlp-options.ts';
import { resolveResource } from './otlp-resource.ts';
import { createReporter } from './rate-limited-report.ts';
import type { OnReport } from './sink.ts';

export interface OtlpMetricsOptions {
  readonly otlp: OtlpOptions;
  readonly serviceVersion: string;
  readonly env: Env;
  readonly families: readonly MetricFamily[];
  readonly intervalMs: number;
  /** Alerts on their way to the same collector. */
  readonly alertsWaiting: () => number;
  readonly onReport: OnReport;
  readonly now?: () => number;
  /** Alerts that wait before metrics give way. */
  readonly alertBacklog?: number;
}

/** Exports by what became of them: delivered whole, failed, or not tried because alerts waited or the last one still ran. */
export interface OtlpMetricsCounters {
  readonly delivered: number;
  readonly failed: number;
  readonly shed: number;
  readonly skipped: number;
}

/** Metrics on their way to the collector, at intervals. */
export interface OtlpMetrics {
  /** Exports once, now, unless an export runs or alerts wait. Never rejects. */
  export(): Promise<void>;
  readonly counters: OtlpMetricsCounters;
  close(): void;
}

const DEFAULT_BACKLOG = 512;
const REPORT_INTERVAL_MS = 60_000;

/**
 * Sends all metrics at intervals. Nothing is kept of an export that fails: the next carries all sums again.
 * Throws TELEGEN_EXPORT when a certificate or key cannot be used.
 */
export function createOtlpMetrics(options: OtlpMetricsOptions): OtlpMetrics {
  const { otlp, serviceVersion, env, families, alertsWaiting, onReport, now = Date.now } = options;
  const client = createMetricClient(otlp, `telegen/${serviceVersion}`);
  const names = { serviceName: otlp.serviceName, serviceVersion, hostName: hostname() };
  const resource = defaultResource().merge(resourceFromAttributes(resolveResource(names, env)));
  const scope = { name: 'telegen.metrics', version: serviceVersion };
  const reporter = createReporter({ onReport, intervalMs: REPORT_INTERVAL_MS, now });
  const counters = { delivered: 0, failed: 0, shed: 0, skipped: 0 };
  let busy = false;
  let closed = false;

  async function send(): Promise<void> {
    for (const metrics of toMetricData(families, now())) {
      if (closed) return;
      const { rejected, message } = await client.exportBatch([
        { resource, scopeMetrics: [{ scope, metrics }] },
      ]);
      if (rejected > 0)
        reporter.problem('partial', `${otlp.endpoint} rejected ${rejected} points: ${message}`);
    }
  }

  async function attempt(): Promise<void> {
    const mustYield = alertsWaiting() >= (options.alertBacklog ?? DEFAULT_BACKLOG);
    if (busy) counters.skipped += 1;
    else if (mustYield) counters.shed += 1;
    if (busy || mustYield) return;
    busy = true;
    try {
      await send();
      counters.delivered += 1;
      reporter.recovered(() => `metrics reach ${otlp.endpoint} again`);
    } catch (error) {
      counters.failed += 1;
      client.reconnect();
      reporter.problem(
        'failed',
        `metrics cannot be sent to ${otlp.endpoint}: ${classifyFailure(error).message}`,
      );
    } finally {
      busy = false;
    }
  }

  const timer = setInterval(() => void attempt(), options.intervalMs);
  timer.unref();
  return {
    export: attempt,
    counters,
    close() {
      closed = true;
      clearInterval(timer);
      client.reconnect();
    },
  };
}
