import type { GrpcFacts, HttpFacts, Side } from '../../model/conversation.ts';
import { type BodyHead, createBodyHead } from '../body-head.ts';
import { grpcFacts, isGrpcType } from '../grpc/call.ts';
import { createMessageCounter, type MessageCounter } from '../grpc/messages.ts';
import type { Http2Head } from './head.ts';

/** How often something was missed in a direction: bodies alone, or anything. */
export interface Losses {
  bodies: number;
  overall: number;
}

/** One direction of a stream. */
export interface Half {
  /** The losses of the direction when the stream began and when this half ended. */
  readonly lossesBefore: Losses;
  lossesAfter: Losses | undefined;
  /** Undefined when not known. */
  bodyBytes: number | undefined;
  messages: MessageCounter | undefined;
  /** Absent when nobody wants to see it. */
  readonly body: BodyHead | undefined;
  lastMs: number;
}

export interface Stream {
  readonly id: number;
  readonly startMs: number;
  readonly client: Half;
  readonly server: Half;
  request: Http2Head | undefined;
  response: Http2Head | undefined;
  trailers: Http2Head | undefined;
  /** Something that belongs to it was missed or not understood. */
  partial: boolean;
}

export interface StreamStart {
  readonly id: number;
  readonly startMs: number;
  readonly losses: { readonly client: Losses; readonly server: Losses };
  /** Bytes kept of the beginning of each body. */
  readonly maxBodyBytes: number;
}

export function newStream({ id, startMs, losses, maxBodyBytes }: StreamStart): Stream {
  const body = (): BodyHead | undefined => (maxBodyBytes === 0 ? undefined : createBodyHead(maxBodyBytes));
  return {
    id,
    startMs,
    client: { ...newHalf(losses.client, startMs), body: body() },
    server: { ...newHalf(losses.server, startMs), body: body() },
    request: undefined,
    response: undefined,
    trailers: undefined,
    partial: false,
  };
}

function newHalf(losses: Losses, startMs: number): Omit<Half, 'body'> {
  return {
    lossesBefore: { bodies: losses.bodies, overall: losses.overall },
    lossesAfter: undefined,
    bodyBytes: 0,
    messages: undefined,
    lastMs: startMs,
  };
}

/** A head came: from here on the messages of a call are counted. Too late for a half that has carried bytes. */
export function countMessages(stream: Stream, head: Http2Head): void {
  if (!isGrpcType(head.contentType)) return;
  for (const half of [stream.client, stream.server]) {
    if (half.messages === undefined && half.bodyBytes === 0) half.messages = createMessageCounter();
  }
}

/** What a stream that is over tells: a gRPC call when it is known to be one. */
export function streamFacts(
  stream: Stream,
  outcome: HttpFacts['outcome'],
  losses: { readonly client: Losses; readonly server: Losses },
): HttpFacts | GrpcFacts {
  const missed = {
    client: missedIn(stream.client, losses.client),
    server: missedIn(stream.server, losses.server),
  };
  const http = httpFacts(stream, outcome, missed);
  const { request, response, trailers } = stream;
  const end = trailers ?? response;
  const isGrpc =
    isGrpcType(request?.contentType) ||
    isGrpcType(response?.contentType) ||
    (request?.contentType === undefined && trailers?.grpcStatus !== undefined);
  if (!isGrpc) return http;
  const count = (side: Side): number | undefined =>
    bodyKnown(stream[side], missed[side]) ? stream[side].messages?.count : undefined;
  return grpcFacts(http, {
    ...(end?.grpcStatus !== undefined && { status: end.grpcStatus }),
    ...(end?.grpcMessage !== undefined && { message: end.grpcMessage }),
    requestMessages: count('client'),
    responseMessages: count('server'),
  });
}

interface Missed {
  readonly bodies: boolean;
  readonly overall: boolean;
}

export function missedIn(half: Half, losses: Losses): Missed {
  const after = half.lossesAfter ?? losses;
  const overall = after.overall !== half.lossesBefore.overall;
  return { overall, bodies: overall || after.bodies !== half.lossesBefore.bodies };
}

type Draft = { -readonly [K in keyof HttpFacts]: HttpFacts[K] };

function httpFacts(
  stream: Stream,
  outcome: HttpFacts['outcome'],
  missed: { readonly client: Missed; readonly server: Missed },
): HttpFacts {
  const { request, response, client, server } = stream;
  const facts: Draft = {
    version: '2',
    requestHeaders: request?.fields ?? [],
    responseHeaders: response?.fields ?? [],
    outcome,
    partial: isPartial(stream) || missed.client.overall || missed.server.overall,
  };
  if (request !== undefined) addRequest(facts, request);
  if (response?.statusCode !== undefined) facts.statusCode = response.statusCode;
  const sent = bodyKnown(client, missed.client)
    ? client.bodyBytes
    : statedBody(client, missed.client, request);
  if (sent !== undefined) facts.requestBodyBytes = sent;
  const answered = bodyKnown(server, missed.server) ? server.bodyBytes : statedAnswer(stream, missed.server);
  if (answered !== undefined && response) facts.responseBodyBytes = answered;
  if (request && response) facts.durationMs = server.lastMs - stream.startMs;
  if (client.body !== undefined) facts.requestBody = client.body.bytes();
  if (server.body !== undefined) facts.responseBody = server.body.bytes();
  return facts;
}

function bodyKnown(half: Half, missed: Missed): half is Half & { bodyBytes: number } {
  return half.bodyBytes !== undefined && !missed.bodies && half.lossesAfter !== undefined;
}

/** DATA that was left out adds up to the content-length of a message that ended: else it is malformed (RFC 9113, 8.1.1). */
function statedBody(half: Half, missed: Missed, head: Http2Head | undefined): number | undefined {
  return half.lossesAfter === undefined || missed.overall ? undefined : head?.contentLength;
}

function statedAnswer({ request, response, server }: Stream, missed: Missed): number | undefined {
  // These state the length of a body that they do not have.
  const isBare = request?.method === undefined || request.method === 'HEAD' || response?.statusCode === 304;
  return isBare ? undefined : statedBody(server, missed, response);
}

function isPartial({ partial, request, response, trailers }: Stream): boolean {
  return partial || !request || request.damaged || response?.damaged === true || trailers?.damaged === true;
}

function addRequest(facts: Draft, { method, target, scheme, authority }: Http2Head): void {
  if (method !== undefined) facts.method = method;
  if (target !== undefined) facts.target = target;
  if (scheme !== undefined) facts.scheme = scheme;
  if (authority !== undefined) facts.authority = authority;
}
