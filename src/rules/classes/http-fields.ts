import { ATTR } from '../../model/attributes.ts';
import type { HeaderField, HttpFacts } from '../../model/conversation.ts';
import type { FieldValue } from '../match/value.ts';
import type { FieldSpec } from './event-class.ts';

/** Fields of an HTTP exchange, wherever an event keeps it. Nothing is decoded: rules list the encoded forms themselves. */
export function httpFields<E>(httpOf: (event: E) => HttpFacts): readonly FieldSpec<E>[] {
  const make = (
    names: readonly string[],
    read: (http: HttpFacts) => FieldValue,
    more: Partial<FieldSpec<E>> = {},
  ) => ({ names, read: (event: E) => read(httpOf(event)), ...more }) satisfies FieldSpec<E>;
  const silent = { keywords: false } as const;
  const unique = { spread: 'unique', keywords: false } as const;
  const few = { spread: 'few', keywords: false } as const;
  return [
    { ...make([], accessLine), spread: 'unique' },
    make(['c-uri', 'url', 'url.original', 'url.full', ATTR.httpUrl], uriForms, { spread: 'unique' }),
    make(['cs-uri'], (http) => [...uriForms(http), pathOf(http)], unique),
    make(['cs-uri-query', 'uri', 'http.target'], ({ target }) => target, unique),
    make(['cs-uri-stem', 'c-uri-stem', 'url.path'], stemForms, unique),
    make(['c-uri-query', 'url.query'], queryOf, unique),
    make(['c-uri-extension', 'url.extension'], extensionOf, few),
    make(['cs-host', 'r-dns', 'host', 'http.host', 'url.domain'], hostForms),
    make(['cs-method', 'method', 'http.request.method', ATTR.httpMethod], ({ method }) => method, few),
    make(
      ['sc-status', 'status_code', 'http.response.status_code', ATTR.httpStatusCode],
      ({ statusCode }) => statusCode,
      few,
    ),
    make(['c-useragent', 'cs-user-agent', 'user_agent', 'user_agent.original'], userAgent, silent),
    make(
      ['cs-referer', 'cs-referrer', 'referrer', 'http.request.referrer'],
      (http) => request(http, 'referer'),
      silent,
    ),
    make(['cs-cookie'], (http) => request(http, 'cookie')),
    make(['cs-content-type'], (http) => request(http, 'content-type')),
    make(['resp_mime_types', 'sc-content-type', 'mime_types'], responseTypes),
    make(
      ['client_header_names'],
      ({ requestHeaders }) => requestHeaders.map(([name]) => name.toUpperCase()),
      silent,
    ),
    make(
      ['request_body_len', 'cs-bytes', ATTR.httpRequestContentLength],
      (http) => http.requestBodyBytes,
      silent,
    ),
    make(
      ['response_body_len', 'sc-bytes', 'bytes', ATTR.httpResponseContentLength],
      (http) => http.responseBodyBytes,
      silent,
    ),
    make(['cs-version'], ({ version }) => (version === 'unknown' ? undefined : `HTTP/${version}`), few),
    make(
      [ATTR.protocolVersion, 'version'],
      ({ version }) => (version === 'unknown' ? undefined : version),
      few,
    ),
    make([ATTR.httpOutcome], ({ outcome }) => outcome, few),
  ];
}

function header(headers: readonly HeaderField[], name: string): string | undefined {
  for (const [each, value] of headers) {
    if (each.length === name.length && (each === name || each.toLowerCase() === name)) return value;
  }
  return undefined;
}

const request = ({ requestHeaders }: HttpFacts, name: string): string | undefined =>
  header(requestHeaders, name);

/** '' for a client that sends none, which a rule asks for; unknown where the request was not seen whole. */
function userAgent(http: HttpFacts): string | undefined {
  const value = request(http, 'user-agent');
  const seen = http.outcome !== 'unasked' && !http.partial && http.method !== undefined;
  return value ?? (seen ? '' : undefined);
}

/** Origin form without scheme and authority. */
function originForm({ target }: HttpFacts): string | undefined {
  if (target === undefined || target.startsWith('/')) return target;
  const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target);
  return match === null ? target : target.slice(match[0].length) || '/';
}

/** Public rules look for the absolute URL and for the path: both are values of the field. */
function uriForms(http: HttpFacts): readonly (string | undefined)[] {
  const { target, authority, scheme } = http;
  const origin = originForm(http);
  if (target === undefined || origin === undefined) return [];
  if (target !== origin) return [target, origin];
  return authority === undefined || !origin.startsWith('/')
    ? [origin]
    : [`${scheme ?? 'http'}://${authority}${origin}`, origin];
}

function pathOf(http: HttpFacts): string | undefined {
  return pathIn(originForm(http));
}

function pathIn(origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const query = origin.indexOf('?');
  const end = query < 0 ? origin.length : query;
  const fragment = origin.indexOf('#');
  return origin.slice(0, fragment < 0 ? end : Math.min(end, fragment));
}

/** Some rules put parameters into the stem. */
function stemForms(http: HttpFacts): readonly (string | undefined)[] | undefined {
  const origin = originForm(http);
  const path = pathIn(origin);
  return origin === undefined ? undefined : origin === path ? [path] : [path, origin];
}

function queryOf(http: HttpFacts): string | undefined {
  const origin = originForm(http);
  const mark = origin?.indexOf('?') ?? -1;
  return mark < 0 ? undefined : origin?.slice(mark + 1);
}

function extensionOf(http: HttpFacts): string | undefined {
  return /\.([A-Za-z0-9]{1,10})$/.exec(pathOf(http) ?? '')?.[1];
}

/** With its port, as sent, and without. */
function hostForms({ authority }: HttpFacts): FieldValue {
  if (authority === undefined) return undefined;
  const bare = authority.replace(/:\d{1,5}$/, '');
  return bare === authority ? authority : [bare, authority];
}

function responseTypes({ responseHeaders }: HttpFacts): FieldValue {
  const type = header(responseHeaders, 'content-type');
  return type === undefined ? undefined : [type.replace(/\s*;.*$/s, '').toLowerCase()];
}

/** The line that a web server would log: keywords of web rules are written for it. */
function accessLine(http: HttpFacts): string | undefined {
  const { method, target, version, statusCode } = http;
  if (target === undefined) return undefined;
  const quoted = (name: string): string => `"${request(http, name) ?? '-'}"`;
  return `${method ?? '-'} ${target} HTTP/${version} ${statusCode ?? '-'} ${quoted('referer')} ${quoted('user-agent')}`;
}
