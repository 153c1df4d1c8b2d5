import type { Server, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Verdict } from './otlp-receiver.ts';
import { loadService, type RawKeyValue, type ReceivedValue, unpackAll } from './otlp-values.ts';

/** A span as it arrived, values unpacked, ids in hexadecimal. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty without a parent. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Record<string, ReceivedValue>;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly flags: number;
  readonly resource: Record<string, ReceivedValue>;
  readonly scope: { readonly name: string; readonly version: string };
}

interface RawSpan {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId: Buffer;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: RawKeyValue[];
  status: { code: number; message: string } | null;
  flags: number;
}
interface RawRequest {
  resourceSpans: {
    resource: { attributes: RawKeyValue[] } | null;
    scopeSpans: { scope: { name: string; version: string } | null; spans: RawSpan[] }[];
  }[];
}
interface RawResponse {
  partialSuccess?: { rejectedSpans: number; errorMessage: string };
}

function flatten({ resourceSpans }: RawRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((raw) => ({
        traceId: raw.traceId.toString('hex'),
        spanId: raw.spanId.toString('hex'),
        parentSpanId: raw.parentSpanId.toString('hex'),
        name: raw.name,
        kind: raw.kind,
        startTimeUnixNano: BigInt(raw.startTimeUnixNano),
        endTimeUnixNano: BigInt(raw.endTimeUnixNano),
        attributes: unpackAll(raw.attributes),
        statusCode: raw.status?.code ?? 0,
        statusMessage: raw.status?.message ?? '',
        flags: raw.flags,
        resource: unpackAll(resource?.attributes ?? []),
        scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
      })),
    ),
  );
}

/** Takes spans beside whatever else the server takes. */
export function traceService(
  server: Server,
  onSpans: (spans: readonly ReceivedSpan[]) => Verdict | undefined,
): void {
  const service = loadService('./otlp-traces.proto', 'opentelemetry.proto.collector.trace.v1.TraceService');
  function onExport(call: ServerUnaryCall<RawRequest, RawResponse>, reply: sendUnaryData<RawResponse>): void {
    const verdict = onSpans(flatten(call.request));
    if (verdict === undefined) reply(null, {});
    else if (verdict.kind === 'fail') reply({ code: verdict.code, details: verdict.message });
    else {
      const { rejected, message } = verdict;
      reply(null, { partialSuccess: { rejectedSpans: rejected, errorMessage: message } });
    }
  }
  server.addService(service, { Export: onExport });
}
