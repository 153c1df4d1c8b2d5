import { ATTR } from '../model/attributes.ts';
import type { DnsFacts, GrpcFacts, HttpFacts, TlsFacts } from '../model/conversation.ts';
import type { ContentEvent } from '../model/event.ts';
import type { AttributeValue } from '../model/finding.ts';
import { maskSecrets } from './secrets.ts';

type Draft = Record<string, AttributeValue | undefined>;

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
    [ATTR.partial]: dns.truncated === true ? true : undefined,
  };
}

/** The URL as far as it was seen: absolute when scheme and authority are known, else the target alone. Secrets are masked. */
export function urlOf({ target, scheme, authority }: HttpFacts): string | undefined {
  if (target === undefined) return undefined;
  if (!target.startsWith('/') || authority === undefined) return maskSecrets(target);
  return maskSecrets(`${scheme ?? 'http'}://${authority}${target}`);
}

function exchangeAttributes(http: HttpFacts): Draft {
  return {
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

function callAttributes(grpc: GrpcFacts): Draft {
  return {
    ...exchangeAttributes(grpc.http),
    [ATTR.rpcSystem]: 'grpc',
    [ATTR.rpcService]: grpc.service,
    [ATTR.rpcMethod]: grpc.method,
    [ATTR.rpcStatusCode]: grpc.statusCode,
    [ATTR.rpcStatusMessage]: grpc.statusMessage,
    [ATTR.rpcRequestMessages]: grpc.requestMessages,
    [ATTR.rpcResponseMessages]: grpc.responseMessages,
  };
}

function helloAttributes(tls: TlsFacts): Draft {
  return {
    [ATTR.tlsServerName]: tls.serverName,
    [ATTR.tlsAlpn]: unlessEmpty(tls.alpn),
    [ATTR.tlsVersions]: unlessEmpty(tls.versions),
    [ATTR.tlsJa4]: tls.ja4,
    [ATTR.tlsEncryptedHello]: tls.encryptedHello ? true : undefined,
  };
}

/** What was said, under the names of the specification; undefined values are unknown. */
export function contentAttributes(event: ContentEvent): Draft {
  switch (event.kind) {
    case 'dns':
      return dnsAttributes(event.dns);
    case 'http':
      return exchangeAttributes(event.http);
    case 'grpc':
      return callAttributes(event.grpc);
    case 'tls':
      return helloAttributes(event.tls);
    default:
      return event satisfies never;
  }
}
