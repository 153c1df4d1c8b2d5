import { ATTR, OTEL, OTEL_NAME } from '../model/attributes.ts';
import type { Attributes, AttributeValue } from '../model/finding.ts';
import { grpcStatusName } from './grpc-status.ts';

/** Whose names attributes have when they leave. */
export type Conventions = 'telegen' | 'otel' | 'both';

/** Puts attributes with our names into those that were chosen. */
export type Rename = (attributes: Attributes) => Attributes;

/** Methods that OpenTelemetry counts as known; others are `_OTHER`, and kept beside it. */
const METHODS: ReadonlySet<string> = new Set(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '),
);

/** Whether OpenTelemetry counts a method as known; others must not name anything. */
export function isKnownMethod(method: string): boolean {
  return METHODS.has(method);
}

type Out = Record<string, AttributeValue>;

/** What a plain change of names does not do. */
const SPECIAL: Readonly<Record<string, (out: Out, value: AttributeValue, all: Attributes) => void>> = {
  [ATTR.peerName]: (out, value, all) => {
    out[all[ATTR.direction] === 'inbound' ? OTEL.clientAddress : OTEL.serverAddress] = value;
  },
  [ATTR.httpMethod]: (out, value) => {
    const known = isKnownMethod(String(value));
    out[OTEL_NAME[ATTR.httpMethod]] = known ? value : '_OTHER';
    if (!known) out[OTEL.methodOriginal] = value;
  },
  [ATTR.httpUrl]: (out, value) => addUrl(out, String(value)),
  [ATTR.rpcMethod]: (out, value, all) => {
    const service = all[ATTR.rpcService];
    out[ATTR.rpcMethod] = service === undefined ? value : `${String(service)}/${String(value)}`;
  },
  [ATTR.rpcService]: (out, value, all) => {
    // Alone it says something; else the method holds it.
    if (all[ATTR.rpcMethod] === undefined) out[ATTR.rpcService] = value;
  },
  [ATTR.rpcStatusCode]: (out, value) => {
    out[OTEL_NAME[ATTR.rpcStatusCode]] = grpcStatusName(Number(value));
  },
};

/** Only an absolute URL is a full one. */
function addUrl(out: Out, url: string): void {
  const [, scheme, rest = url] = /^([a-z][a-z0-9+.-]*):\/\/[^/?#]*(.*)$/is.exec(url) ?? [];
  if (scheme !== undefined) {
    out[OTEL_NAME[ATTR.httpUrl]] = url;
    out[OTEL.urlScheme] = scheme.toLowerCase();
  } else if (!url.startsWith('/')) return;
  const query = rest.indexOf('?');
  out[OTEL.urlPath] = (query < 0 ? rest : rest.slice(0, query)) || '/';
  if (query >= 0 && query + 1 < rest.length) out[OTEL.urlQuery] = rest.slice(query + 1);
}

function toOtel(attributes: Attributes): Attributes {
  const out: Out = {};
  const names: Readonly<Record<string, string | undefined>> = OTEL_NAME;
  for (const [name, value] of Object.entries(attributes)) {
    const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
    if (special !== undefined) special(out, value, attributes);
    else out[(Object.hasOwn(names, name) ? names[name] : undefined) ?? name] = value;
  }
  return out;
}

/** With `both`, a name that the two use for different values keeps the specification's value. */
export function createRename(conventions: Conventions): Rename {
  if (conventions === 'telegen') return (attributes) => attributes;
  if (conventions === 'otel') return toOtel;
  return (attributes) => ({ ...toOtel(attributes), ...attributes });
}
