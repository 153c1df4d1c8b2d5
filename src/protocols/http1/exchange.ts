import type { HttpFacts } from '../../model/conversation.ts';
import type { BodyHead } from '../body-head.ts';
import type { Head } from './head.ts';

/** A request and its response while they are read. */
export interface Exchange {
  startMs: number;
  /** When the last byte of the response was seen, or of the request while there is no response. */
  lastMs: number;
  request: Head | undefined;
  response: Head | undefined;
  requestBodyBytes: number | undefined;
  responseBodyBytes: number | undefined;
  requestBody: BodyHead | undefined;
  responseBody: BodyHead | undefined;
  requestDone: boolean;
  responseDone: boolean;
  partial: boolean;
  reported: boolean;
}

export function newExchange(startMs: number): Exchange {
  return {
    startMs,
    lastMs: startMs,
    request: undefined,
    response: undefined,
    requestBodyBytes: undefined,
    responseBodyBytes: undefined,
    requestBody: undefined,
    responseBody: undefined,
    requestDone: false,
    responseDone: false,
    partial: false,
    reported: false,
  };
}

type Draft = { -readonly [K in keyof HttpFacts]: HttpFacts[K] };
const NO_FIELDS: HttpFacts['requestHeaders'] = [];

/** The facts of an exchange that is over. */
export function exchangeFacts(exchange: Exchange, outcome: HttpFacts['outcome']): HttpFacts {
  return usualFacts(exchange, outcome) ?? otherFacts(exchange, outcome);
}

/** Where all is known that usually is, at once: adding one thing after the other takes several times as long. */
function usualFacts(exchange: Exchange, outcome: HttpFacts['outcome']): HttpFacts | undefined {
  const { request, response, requestBodyBytes, responseBodyBytes } = exchange;
  if (request === undefined || response === undefined) return undefined;
  if (exchange.requestBody !== undefined || exchange.responseBody !== undefined) return undefined;
  const { version, method, target } = request.line;
  const { statusCode } = response.line;
  if (method === undefined || target?.startsWith('/') !== true || request.host === undefined)
    return undefined;
  if (statusCode === undefined || requestBodyBytes === undefined || responseBodyBytes === undefined)
    return undefined;
  return {
    version,
    requestHeaders: request.fields,
    responseHeaders: response.fields,
    outcome,
    partial: exchange.partial || isDamaged(request) || isDamaged(response),
    method,
    authority: request.host,
    target,
    statusCode,
    requestBodyBytes,
    responseBodyBytes,
    durationMs: exchange.lastMs - exchange.startMs,
  };
}

function otherFacts(exchange: Exchange, outcome: HttpFacts['outcome']): HttpFacts {
  const { request, response } = exchange;
  const facts: Draft = {
    version: (request ?? response)?.line.version ?? 'unknown',
    requestHeaders: request?.fields ?? NO_FIELDS,
    responseHeaders: response?.fields ?? NO_FIELDS,
    outcome,
    partial: exchange.partial || isDamaged(request) || isDamaged(response),
  };
  if (request !== undefined) addRequest(facts, request);
  if (response?.line.statusCode !== undefined) facts.statusCode = response.line.statusCode;
  if (exchange.requestBodyBytes !== undefined) facts.requestBodyBytes = exchange.requestBodyBytes;
  const { responseBodyBytes: bodyBytes } = exchange;
  // Without its request, it may answer HEAD and have no body.
  const isKnown = request?.line.method !== undefined || bodyBytes === 0;
  if (bodyBytes !== undefined && isKnown) facts.responseBodyBytes = bodyBytes;
  if (request && response) facts.durationMs = exchange.lastMs - exchange.startMs;
  if (exchange.requestBody !== undefined) facts.requestBody = exchange.requestBody.bytes();
  if (exchange.responseBody !== undefined && isKnown) facts.responseBody = exchange.responseBody.bytes();
  return facts;
}

/** Of an absolute form: scheme, and authority without a user. */
const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#]*@)?([^/?#@]*)/i;

/** A target that names a host itself is asked for, whatever Host says (RFC 9112, 3.2.2 and 3.2.3). */
function addRequest(facts: Draft, { line, host }: Head): void {
  const { method, target } = line;
  if (method !== undefined) facts.method = method;
  if (host !== undefined) facts.authority = host;
  if (target === undefined) return;
  facts.target = target;
  if (target.startsWith('/')) return;
  const [, scheme, authority] = ABSOLUTE.exec(target) ?? [];
  if (scheme !== undefined) facts.scheme = scheme.toLowerCase();
  const named = method === 'CONNECT' ? target : authority;
  if (named) facts.authority = named;
}

function isDamaged(head: Head | undefined): boolean {
  return head !== undefined && (head.badLines > 0 || !head.whole);
}
