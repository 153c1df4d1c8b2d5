import { hostname } from 'node:os';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { AlertSink } from '../../model/sink.ts';
import type { Rename } from '../../net/conventions.ts';
import { createExportLoop, type Outgoing } from './otlp-export-loop.ts';
import type { Env, OtlpOptions } from './otlp-options.ts';
import { SEVERITY_RANKS, severityRank, toLogRecord } from './otlp-record.ts';
import { resolveResource } from './otlp-resource.ts';
import { createReporter } from './rate-limited-report.ts';
import { createRetryPolicy, type RetryTiming } from './retry-policy.ts';
import { createSeverityQueue } from './severity-queue.ts';
import { createBooks, type OnReport } from './sink.ts';

/** Limits; the defaults are meant for production, tests use smaller ones. */
export interface OtlpTuning extends RetryTiming {
  /** Alerts that wait while the collector is away. */
  readonly capacity: number;
  /** Alerts in one request. */
  readonly batchSize: number;
  /** The same kind of problem is reported once in this time. */
  readonly reportIntervalMs: number;
  /** How often certificates and header files are looked at; renewed ones are in use this long after. */
  readonly lookIntervalMs: number;
}

export interface OtlpSinkOptions {
  readonly otlp: OtlpOptions;
  readonly serviceVersion: string;
  /** For OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. */
  readonly env: Env;
  /** Names of attributes; default: ours. */
  readonly rename?: Rename;
  readonly onReport?: OnReport;
  readonly tuning?: Partial<OtlpTuning>;
  readonly now?: () => number;
}

const DEFAULT_TUNING: OtlpTuning = {
  capacity: 10_000,
  batchSize: 512,
  baseDelayMs: 1_000,
  maxDelayMs: 30_000,
  reportIntervalMs: 60_000,
  lookIntervalMs: 5_000,
};

/** Loaded only when there is a collector to send to: the modules cost about 24 MB of RSS (Node 24.21, measured). */
async function loadModules() {
  const [resources, client] = await Promise.all([
    import('@opentelemetry/resources'),
    import('./otlp-client.ts'),
  ]);
  return { ...resources, ...client };
}
type Modules = Awaited<ReturnType<typeof loadModules>>;

/** What is the same in every record of this program. */
type Origin = Pick<ReadableLogRecord, 'resource' | 'instrumentationScope'>;

function originOf(modules: Modules, { otlp, serviceVersion: version, env }: OtlpSinkOptions): Origin {
  const identity = resolveResource(
    { serviceName: otlp.serviceName, serviceVersion: version, hostName: hostname() },
    env,
  );
  return {
    resource: modules.defaultResource().merge(modules.resourceFromAttributes(identity)),
    instrumentationScope: { name: 'telegen', version },
  };
}

function createPipe(modules: Modules, options: OtlpSinkOptions) {
  const { otlp, onReport = () => {}, now = Date.now } = options;
  const tuning = { ...DEFAULT_TUNING, ...options.tuning };
  const reporter = createReporter({ onReport, intervalMs: tuning.reportIntervalMs, now });
  const queue = createSeverityQueue<Outgoing<ReadableLogRecord>>({
    capacity: tuning.capacity,
    ranks: SEVERITY_RANKS,
    rankOf: (item) => item.rank,
  });
  const userAgent = `telegen/${options.serviceVersion}`;
  const client = modules.createOtlpClient(otlp, { userAgent, lookIntervalMs: tuning.lookIntervalMs });
  const loop = createExportLoop({
    queue,
    exportBatch: client.exportBatch,
    reconnect: client.reconnect,
    batchSize: tuning.batchSize,
    retry: createRetryPolicy(tuning),
    reporter,
    endpoint: otlp.endpoint,
  });
  const onOverflow = (): void =>
    reporter.problem(
      'overflow',
      `${tuning.capacity} alerts wait for ${otlp.endpoint}: the queue is full, alerts are lost`,
    );
  return { client, loop, queue, onOverflow };
}

/**
 * Alerts as OpenTelemetry log records over OTLP/gRPC. An alert stays queued until the collector has taken it; outages
 * are retried for ever, within a bounded queue. Throws TELEGEN_EXPORT when a certificate or key cannot be used.
 *
 * Records are made here and not by the SDK's logger: that would validate and copy each attribute once more, and drop the 129th;
 * ours are bounded where they are made.
 */
export async function createOtlpSink(options: OtlpSinkOptions): Promise<AlertSink> {
  const modules = await loadModules();
  const { client, loop, queue, onOverflow } = createPipe(modules, options);
  const origin = originOf(modules, options);
  const { now = Date.now } = options;
  const books = createBooks();
  let closed = false;
  return {
    name: 'otlp',
    counters: books.counters,
    send(alert, settled) {
      const settle = books.open(settled);
      if (closed) return settle('sink_closed');
      const record: ReadableLogRecord = { ...toLogRecord(alert, now(), options.rename), ...origin };
      const rank = severityRank(record.severityNumber);
      const evicted = queue.push({ record, rank, settle, refusedAt: undefined });
      if (evicted !== undefined) {
        evicted.settle('queue_full');
        onOverflow();
      }
      loop.kick();
    },
    flush: (timeoutMs) => loop.flush(timeoutMs),
    async close() {
      if (closed) return;
      closed = true;
      loop.close();
      client.reconnect();
    },
  };
}
