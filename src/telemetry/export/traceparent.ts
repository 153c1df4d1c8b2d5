import type { HeaderField } from '../../model/conversation.ts';

/** Where a request belongs, as its sender said it (W3C Trace Context). */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** Undefined unless there is exactly one header of this name and it is well-formed. */
export function traceParentOf(headers: readonly HeaderField[]): TraceParent | undefined {
  const found = headers.filter(([name]) => name.toLowerCase() === 'traceparent');
  if (found.length !== 1) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] =
    FORM.exec(found[0]?.[1].trim() ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}
