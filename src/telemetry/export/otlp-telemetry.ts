import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { EventKind, TelegenEvent } from '../../model/event.ts';
import type { Attributes } from '../../model/finding.ts';
import type { SinkCounters } from '../../model/sink.ts';
import { createOtlpClient } from './otlp-client.ts';
import type { Env, OtlpOptions } from './otlp-options.ts';
import { SEVERITY_NUMBER, toHrTime } from './otlp-record.ts';
import { resolveResource } from './otlp-resource.ts';
import { toSpan } from './otlp-span.ts';
import { createSpanClient } from './otlp-span-client.ts';
import { createReporter } from './rate-limited-report.ts';
import type { RetryTiming } from './retry-policy.ts';
import type { OnReport } from './sink.ts';
import { createLane, type Lane } from './telemetry-lane.ts';

/** Limits; the defaults are meant for production, tests use smaller ones. */
export interface TelemetryTuning extends RetryTiming {
  /** Records of each signal that wait while the collector is away. */
  readonly capacity: number;
  readonly batchSize: number;
  readonly reportIntervalMs: number;
  /** Alerts that wait before telemetry gives way. */
  readonly alertBacklog: number;
}

export interface OtlpTelemetryOptions {
  readonly otlp: OtlpOptions;
  readonly serviceVersion: string;
  readonly env: Env;
  /** Kinds of events that leave as log records. */
  readonly events: ReadonlySet<EventKind>;
  /** Whether HTTP exchanges and gRPC calls leave as spans. */
  readonly spans: boolean;
  /** Attributes of log records, with the names that were chosen. */
  readonly describe: (event: TelegenEvent) => Attributes;
  /** Attributes of spans, with OpenTelemetry's names. */
  readonly describeSpan: (event: TelegenEvent) => Attributes;
  /** Alerts on their way to the same collector. */
  readonly alertsWaiting: () => number;
  /** Telegen is over its budget: records of this signal are given up. */
  readonly isShed?: (signal: 'events' | 'spans') => boolean;
  readonly onReport?: OnReport;
  readonly tuning?: Partial<TelemetryTuning>;
  readonly now?: () => number;
}

export interface OtlpTelemetryCounters {
  readonly logs: SinkCounters | undefined;
  readonly spans: SinkCounters | undefined;
  /** Exchanges without a request, or of an unknown side: there is no span to tell of them. */
  readonly spanless: number;
}

/** Events on their way to the collector, beside the alerts. */
export interface OtlpTelemetry {
  readonly send: (event: TelegenEvent) => void;
  flush(timeoutMs: number): Promise<boolean>;
  close(): void;
  readonly counters: OtlpTelemetryCounters;
}

const DEFAULT_TUNING: TelemetryTuning = {
  capacity: 16_384,
  batchSize: 512,
  baseDelayMs: 1_000,
  maxDelayMs: 30_000,
  reportIntervalMs: 60_000,
  alertBacklog: 512,
};

/** Whoever reads the records tells them from alerts by the event name. */
const SCOPE = 'telegen.telemetry';

function identify({ otlp, serviceVersion, env }: OtlpTelemetryOptions): Resource {
  const names = { serviceName: otlp.serviceName, serviceVersion, hostName: hostname() };
  return defaultResource().merge(resourceFromAttributes(resolveResource(names, env)));
}

interface Lanes {
  readonly logs: Lane<ReadableLogRecord> | undefined;
  readonly spans: Lane<ReadableSpan> | undefined;
}

function openLanes(options: OtlpTelemetryOptions): Lanes {
  const { otlp, alertsWaiting, onReport = () => {}, now = Date.now } = options;
  const tuning = { ...DEFAULT_TUNING, ...options.tuning };
  const reporter = createReporter({ onReport, intervalMs: tuning.reportIntervalMs, now });
  const userAgent = `telegen/${options.serviceVersion}`;
  const { isShed = () => false } = options;
  const mustYield = (signal: 'events' | 'spans') => (): boolean =>
    isShed(signal) || alertsWaiting() >= tuning.alertBacklog;
  const shared = { ...tuning, reporter, endpoint: otlp.endpoint };
  return {
    logs:
      options.events.size === 0
        ? undefined
        : createLane({
            ...shared,
            mustYield: mustYield('events'),
            client: createOtlpClient(otlp, { userAgent }),
            noun: 'event',
          }),
    spans: options.spans
      ? createLane({
          ...shared,
          mustYield: mustYield('spans'),
          client: createSpanClient(otlp, userAgent),
          noun: 'span',
        })
      : undefined,
  };
}

/** Attribute lists are readonly here, and never changed there. */
function asOtel(attributes: Attributes): Record<string, string | number | boolean | string[]> {
  return attributes as Record<string, string | number | boolean | string[]>;
}

/**
 * Events as OTLP log records and spans. Each signal has its own bounded queue and connection, apart from the alerts'.
 * Throws TELEGEN_EXPORT when a certificate or key cannot be used.
 */
export function createOtlpTelemetry(options: OtlpTelemetryOptions): OtlpTelemetry {
  const { events, describe, describeSpan, now = Date.now } = options;
  const { logs, spans } = openLanes(options);
  const resource = identify(options);
  const scope = { name: SCOPE, version: options.serviceVersion };
  let spanless = 0;

  function toRecord(event: TelegenEvent): ReadableLogRecord {
    return {
      hrTime: toHrTime(event.timeMs),
      hrTimeObserved: toHrTime(now()),
      severityNumber: SEVERITY_NUMBER.INFO,
      severityText: 'INFO',
      eventName: `telegen.event.${event.kind}`,
      resource,
      instrumentationScope: scope,
      attributes: asOtel(describe(event)),
      droppedAttributesCount: 0,
    };
  }

  function sendSpan(event: TelegenEvent, lane: Lane<ReadableSpan>): void {
    if (event.kind !== 'http' && event.kind !== 'grpc') return;
    const attributes = asOtel(describeSpan(event));
    const span = toSpan(event, {
      attributes,
      resource,
      scope,
      newTraceId: () => randomBytes(16).toString('hex'),
      newSpanId: () => randomBytes(8).toString('hex'),
    });
    if (span === undefined) spanless += 1;
    else lane.send(span);
  }

  return {
    get counters() {
      return { logs: logs?.counters, spans: spans?.counters, spanless };
    },
    send(event) {
      if (events.has(event.kind)) logs?.send(toRecord(event));
      if (spans !== undefined) sendSpan(event, spans);
    },
    async flush(timeoutMs) {
      const done = await Promise.all([logs?.flush(timeoutMs), spans?.flush(timeoutMs)]);
      return !done.includes(false);
    },
    close() {
      logs?.close();
      spans?.close();
    },
  };
}
