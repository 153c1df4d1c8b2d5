import { ATTR, HEADER_ATTR } from '../model/attributes.ts';
import type {
  ConversationFacts,
  DnsFacts,
  GrpcFacts,
  HeaderField,
  HttpFacts,
  TlsFacts,
} from '../model/conversation.ts';
import type { ContentEvent } from '../model/event.ts';
import type { AttributeValue } from '../model/finding.ts';
import { bodyText } from './body-text.ts';
import type { Routes } from './http-route.ts';
import { formatIp } from './ip.ts';
import { maskHeader, maskSecrets } from './secrets.ts';

type Draft = Record<string, AttributeValue | undefined>;

/** What of the content of messages is told; DESIGN's rule on secrets holds whatever is chosen. */
export interface Shown {
  /** Lower-case names of header fields. */
  readonly headers: ReadonlySet<string>;
  /** Header fields per message. */
  readonly maxHeaders: number;
  /** Absent: no routes. */
  readonly routes?: Routes;
}

export const NOTHING_SHOWN: Shown = { headers: new Set(), maxHeaders: 0 };

/** An empty list says no more than its absence. */
function unlessEmpty(list: readonly string[] | undefined): readonly string[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

function dnsAttributes(dns: DnsFacts): Draft {
  return {
    [ATTR.dnsQuestionName]: dns.questionName,
    [ATTR.dnsQuestionType]: dns.questionType,
    [ATTR.dnsResponseCode]: dns.responseCode,
    [ATTR.dnsAnswers]: unlessEmpty(dns.answers?.map((record) => record.data)),
    [ATTR.dnsLatencyMs]: dns.latencyMs,
    [ATTR.dnsOutcome]: dns.outcome,
    [ATTR.dnsRetries]: dns.retries === 0 ? undefined : dns.retries,
    [ATTR.partial]: dns.truncated === true || dns.partial === true ? true : undefined,
  };
}

/** The URL as far as it was seen: absolute when scheme and authority are known, else the target alone. Secrets are masked. */
export function urlOf({ method, target, scheme, authority }: HttpFacts): string | undefined {
  // In HTTP/2 a tunnel is asked for by its authority alone (RFC 9113, 8.5).
  if (target === undefined) return method === 'CONNECT' ? authority : undefined;
  if (!target.startsWith('/') || authority === undefined || authority === '') return maskSecrets(target);
  return maskSecrets(`${scheme ?? 'http'}://${authority}${target}`);
}

/** The chosen fields, in the order sent; those that came several times have several values. */
function headerAttributes(prefix: string, fields: readonly HeaderField[], shown: Shown): Draft {
  const { headers } = shown;
  if (headers.size === 0) return {};
  const found = new Map<string, string[]>();
  let left = shown.maxHeaders;
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    if (!headers.has(key) || left === 0) continue;
    left -= 1;
    const values = found.get(key);
    if (values === undefined) found.set(key, [maskHeader(key, value)]);
    else values.push(maskHeader(key, value));
  }
  return Object.fromEntries([...found].map(([name, values]) => [`${prefix}${name}`, values]));
}

function bodyOf(body: Uint8Array | undefined, length: number | undefined): string | undefined {
  if (body === undefined || body.length === 0) return undefined;
  return bodyText(body, length === undefined || body.length < length);
}

/** Whoever serves: the name asked for, else the address. */
function serviceOf(http: HttpFacts, { role, local, remote }: ConversationFacts): string {
  if (http.authority !== undefined) return http.authority.toLowerCase();
  const server = role === 'server' ? local : remote;
  return `${formatIp(server.ip)}:${server.port}`;
}

function exchangeAttributes(http: HttpFacts, shown: Shown): Draft {
  return {
    ...headerAttributes(HEADER_ATTR.request, http.requestHeaders, shown),
    ...headerAttributes(HEADER_ATTR.response, http.responseHeaders, shown),
    [ATTR.httpRequestBody]: bodyOf(http.requestBody, http.requestBodyBytes),
    [ATTR.httpResponseBody]: bodyOf(http.responseBody, http.responseBodyBytes),
    [ATTR.httpMethod]: http.method,
    [ATTR.httpUrl]: urlOf(http),
    [ATTR.httpStatusCode]: http.statusCode,
    [ATTR.httpRequestContentLength]: http.requestBodyBytes,
    [ATTR.httpResponseContentLength]: http.responseBodyBytes,
    [ATTR.protocolVersion]: http.version === 'unknown' ? undefined : http.version,
    [ATTR.durationMs]: http.durationMs,
    [ATTR.httpOutcome]: http.outcome,
    [ATTR.partial]: http.partial ? true : undefined,
  };
}

function httpAttributes(http: HttpFacts, event: ConversationFacts, shown: Shown): Draft {
  return { ...exchangeAttributes(http, shown), [ATTR.httpRoute]: routeOf(http, event, shown) };
}

/** The route of a request, where it has one and routes are told. */
export function routeOf(http: HttpFacts, event: ConversationFacts, { routes }: Shown): string | undefined {
  return routes?.routeOf(http.target, serviceOf(http, event), http.statusCode);
}

function callAttributes(grpc: GrpcFacts, shown: Shown): Draft {
  return {
    ...exchangeAttributes(grpc.http, shown),
    [ATTR.rpcSystem]: 'grpc',
    [ATTR.rpcService]: grpc.service,
    [ATTR.rpcMethod]: grpc.method,
    [ATTR.rpcStatusCode]: grpc.statusCode,
    [ATTR.rpcStatusMessage]: grpc.statusMessage === undefined ? undefined : maskSecrets(grpc.statusMessage),
    [ATTR.rpcRequestMessages]: grpc.requestMessages,
    [ATTR.rpcResponseMessages]: grpc.responseMessages,
  };
}

/** What carries the hello, where it is not TCP alone. */
export const helloCarrier = ({ quicVersion }: TlsFacts): 'quic' | undefined =>
  quicVersion === undefined ? undefined : 'quic';

function helloAttributes(tls: TlsFacts): Draft {
  return {
    [ATTR.protocolName]: helloCarrier(tls),
    [ATTR.protocolVersion]: tls.quicVersion,
    [ATTR.tlsServerName]: tls.serverName,
    [ATTR.tlsAlpn]: unlessEmpty(tls.alpn),
    [ATTR.tlsVersions]: unlessEmpty(tls.versions),
    [ATTR.tlsJa4]: tls.ja4,
    [ATTR.tlsEncryptedHello]: tls.encryptedHello ? true : undefined,
  };
}

/** What was said, under the names of the specification; undefined values are unknown. */
export function contentAttributes(event: ContentEvent, shown: Shown = NOTHING_SHOWN): Draft {
  switch (event.kind) {
    case 'dns':
      return dnsAttributes(event.dns);
    case 'http':
      return httpAttributes(event.http, event, shown);
    case 'grpc':
      return callAttributes(event.grpc, shown);
    case 'tls':
      return helloAttributes(event.tls);
    default:
      return event satisfies never;
  }
}
