import { ATTR } from '../../model/attributes.ts';
import type { TelegenEvent } from '../../model/event.ts';
import type { Alert } from '../../model/finding.ts';
import type { Rename } from '../../net/conventions.ts';
import { type Describe, eventAttributes } from '../../net/event-attributes.ts';
import { isoTime } from '../../net/iso-time.ts';

const asTheyAre: Rename = (attributes) => attributes;

/** The specification's alert as one line of JSON, without the newline: timestamp, severity, body, attributes. */
export function alertToJson(alert: Alert, rename: Rename = asTheyAre): string {
  const { uid, timeMs, severity, body, attributes } = alert;
  return JSON.stringify({
    timestamp: isoTime(timeMs),
    severity,
    body,
    attributes: { ...rename(attributes), [ATTR.recordUid]: uid },
  });
}

/** The specification's telemetry form as one line of JSON, without the newline: timestamp, attributes. */
export function eventToJson(event: TelegenEvent, describe: Describe = eventAttributes): string {
  return JSON.stringify({ timestamp: isoTime(event.timeMs), attributes: describe(event) });
}
