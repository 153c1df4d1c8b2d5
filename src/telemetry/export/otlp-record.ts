import type { HrTime } from '@opentelemetry/api';
import type { AnyValue } from '@opentelemetry/api-logs';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { ATTR } from '../../model/attributes.ts';
import type { Alert, Severity } from '../../model/finding.ts';
import type { Rename } from '../../net/conventions.ts';

/** SeverityNumber of the OpenTelemetry log data model. */
export const SEVERITY_NUMBER: Readonly<Record<Severity, number>> = {
  INFO: 9,
  WARNING: 13,
  ERROR: 17,
  CRITICAL: 21,
};

/** The data model's groups of four: TRACE 0, DEBUG 1, INFO 2, WARN 3, ERROR 4, FATAL 5. */
export const SEVERITY_RANKS = 6;

/** Which of two records may be dropped first. */
export function severityRank(severityNumber: number | undefined): number {
  return Math.max(0, Math.floor(((severityNumber ?? 1) - 1) / 4));
}

/**
 * Seconds and nanoseconds, to the microsecond. Never a plain number: the SDK takes small ones, such as the times of an
 * old capture, for time since the start of the process. OTLP has no time before 1970.
 */
export function toHrTime(epochMs: number): HrTime {
  const micros = Number.isFinite(epochMs) ? Math.max(0, Math.round(epochMs * 1000)) : 0;
  return [Math.floor(micros / 1e6), (micros % 1e6) * 1000];
}

function toLogAttributes(alert: Alert, rename: Rename): Record<string, AnyValue> {
  const attributes: Record<string, AnyValue> = {};
  for (const [name, value] of Object.entries(rename(alert.attributes))) {
    // Lists are readonly here, and never changed there.
    attributes[name] = value as AnyValue;
  }
  attributes[ATTR.recordUid] = alert.uid;
  return attributes;
}

const asTheyAre: Rename = (attributes) => attributes;

/** What an alert says of a log record; the rest is the same in all of them. */
export type AlertRecord = Omit<ReadableLogRecord, 'resource' | 'instrumentationScope'>;

/** The OpenTelemetry log record of an alert; it was observed at `nowMs`. */
export function toLogRecord(alert: Alert, nowMs: number, rename = asTheyAre): AlertRecord {
  const eventType = alert.attributes[ATTR.eventType];
  return {
    eventName: typeof eventType === 'string' ? `telegen.detection.${eventType}` : 'telegen.detection',
    hrTime: toHrTime(alert.timeMs),
    hrTimeObserved: toHrTime(nowMs),
    severityNumber: SEVERITY_NUMBER[alert.severity],
    severityText: alert.severity,
    body: alert.body,
    attributes: toLogAttributes(alert, rename),
    droppedAttributesCount: 0,
  };
}
