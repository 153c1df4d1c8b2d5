import type { HeaderField } from '../../model/conversation.ts';
import type { Exemplar } from './metric.ts';

/** Version, trace id, span id, flags (W3C Trace Context). */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

/** The measurement as an exemplar of the trace that the request belongs to; undefined when it belongs to none. */
export function exemplarFrom(
  headers: readonly HeaderField[],
  value: number,
  timeMs: number,
): Exemplar | undefined {
  for (const [name, text] of headers) {
    if (name.length !== 'traceparent'.length || name.toLowerCase() !== 'traceparent') continue;
    const [, traceId = '', spanId = ''] = TRACEPARENT.exec(text) ?? [];
    return /[^0]/.test(traceId) && /[^0]/.test(spanId) ? { traceId, spanId, value, timeMs } : undefined;
  }
  return undefined;
}
