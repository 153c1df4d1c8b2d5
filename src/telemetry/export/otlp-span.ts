import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ATTR, OTEL } from '../../model/attributes.ts';
import type { GrpcFacts, HttpFacts } from '../../model/conversation.ts';
import type { GrpcEvent, HttpEvent } from '../../model/event.ts';
import { isKnownMethod } from '../../net/conventions.ts';
import { grpcStatusName } from '../../net/grpc-status.ts';
import { maskSecrets } from '../../net/secrets.ts';
import { toHrTime } from './otlp-record.ts';
import { traceParentOf } from './traceparent.ts';

export interface SpanContents {
  /** With OpenTelemetry's names. */
  readonly attributes: Readonly<Record<string, Attributes[string]>>;
  readonly resource: Resource;
  readonly scope: ReadableSpan['instrumentationScope'];
  /** New random ids, 16 and 8 bytes in hexadecimal. */
  readonly newTraceId: () => string;
  readonly newSpanId: () => string;
}

interface Result {
  readonly status: SpanStatus;
  /** `error.type`. */
  readonly errorType?: string;
}

const SAMPLED = 1;
const UNSET: Result = { status: { code: SpanStatusCode.UNSET } };
/** Statuses of gRPC for which the server is at fault (semantic conventions for gRPC). */
const SERVER_FAULTS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/**
 * The span of an exchange or call as OpenTelemetry's conventions have it. It continues the trace that the request
 * names and begins one where it names none. Undefined when the request was not seen or the side is not known.
 */
export function toSpan(event: HttpEvent | GrpcEvent, contents: SpanContents): ReadableSpan | undefined {
  const http = event.kind === 'http' ? event.http : event.grpc.http;
  if (event.role === 'unknown' || http.outcome === 'unasked') return undefined;
  const isServer = event.role === 'server';
  const { status, errorType } =
    event.kind === 'http' ? httpResult(http, isServer) : grpcResult(event.grpc, isServer);
  const parent = traceParentOf(http.requestHeaders);
  const traceFlags = parent?.flags ?? SAMPLED;
  const traceId = parent?.traceId ?? contents.newTraceId();
  const spanId = contents.newSpanId();
  return {
    name: event.kind === 'http' ? httpName(http, isServer, contents) : grpcName(event.grpc),
    kind: isServer ? SpanKind.SERVER : SpanKind.CLIENT,
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parent && { parentSpanContext: { traceId, spanId: parent.spanId, traceFlags, isRemote: true } }),
    ...times(event, http),
    status,
    attributes: {
      ...contents.attributes,
      ...ends(event, http),
      ...(errorType && { [OTEL.errorType]: errorType }),
    },
    resource: contents.resource,
    instrumentationScope: contents.scope,
    links: [],
    events: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Without a response it lasted until it was given up. */
function times(
  { timeMs, endMs = timeMs }: HttpEvent | GrpcEvent,
  { durationMs }: HttpFacts,
): Pick<ReadableSpan, 'startTime' | 'endTime' | 'duration'> {
  const lastMs = durationMs === undefined ? Math.max(timeMs, endMs) : timeMs + Math.max(0, durationMs);
  return { startTime: toHrTime(timeMs), endTime: toHrTime(lastMs), duration: toHrTime(lastMs - timeMs) };
}

/** `server.address` is whom the request asks for, wherever it was seen. */
function ends({ role, local, remote }: HttpEvent | GrpcEvent, { authority }: HttpFacts): Attributes {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(authority ?? '') ?? [];
  const serverPort = port === undefined ? (role === 'server' ? local : remote).port : Number(port);
  return {
    ...(host && { [OTEL.serverAddress]: host.replace(/^\[|\]$/g, '') }),
    [OTEL.serverPort]: serverPort,
    ...(role === 'server' && { [OTEL.clientPort]: remote.port }),
  };
}

/** A route keeps names few; the URL of a client would not. */
function httpName({ method }: HttpFacts, isServer: boolean, { attributes }: SpanContents): string {
  const known = method !== undefined && isKnownMethod(method) ? method : 'HTTP';
  const route = attributes[ATTR.httpRoute];
  return isServer && typeof route === 'string' ? `${known} ${route}` : known;
}

function grpcName({ service, method }: GrpcFacts): string {
  return service === undefined || method === undefined ? 'grpc' : `${service}/${method}`;
}

function httpResult({ statusCode, outcome }: HttpFacts, isServer: boolean): Result {
  if (outcome === 'reset' || outcome === 'unanswered') return failed(outcome);
  if (statusCode === undefined || statusCode < (isServer ? 500 : 400)) return UNSET;
  return failed(`${statusCode}`);
}

function grpcResult({ statusCode, statusMessage, http }: GrpcFacts, isServer: boolean): Result {
  if (statusCode === undefined) {
    return http.outcome === 'reset' || http.outcome === 'unanswered' ? failed(http.outcome) : UNSET;
  }
  if (statusCode === 0 || (isServer && !SERVER_FAULTS.has(statusCode))) return UNSET;
  return failed(grpcStatusName(statusCode), statusMessage);
}

function failed(errorType: string, message?: string): Result {
  const status = { code: SpanStatusCode.ERROR, ...(message && { message: maskSecrets(message) }) };
  return { errorType, status };
}
