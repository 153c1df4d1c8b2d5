import { isIP } from 'node:net';

/** An OTLP/gRPC collector. `secure` is undefined when the text has no scheme and leaves it to `insecure`. */
export interface CollectorEndpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean | undefined;
}

export type EndpointResult = { readonly endpoint: CollectorEndpoint } | { readonly problem: string };

const ENDPOINT =
  /^(?:(https?):\/\/)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}))(?::(\d{1,5}))?\/?$/;

/** Reads `http://host:port`, `https://host:port` or `host:port`. */
export function parseEndpoint(text: string): EndpointResult {
  const match = ENDPOINT.exec(text);
  if (match === null) return { problem: shapeProblem(text) };
  const [, scheme, host = '', portText] = match;
  if (portText === undefined)
    return { problem: `has no port; OTLP over gRPC is usually ${text.replace(/\/$/, '')}:4317` };
  const port = Number(portText);
  if (port < 1 || port > 65_535) return { problem: 'the port must be from 1 to 65535' };
  if (!isHost(host)) return { problem: `${host} is not a host name or IP address` };
  return { endpoint: { host, port, secure: scheme === undefined ? undefined : scheme === 'https' } };
}

/** The URL the exporter connects to: TLS unless the text says http:// or, without a scheme, `insecure` is set. */
export function endpointUrl(endpoint: CollectorEndpoint, insecure: boolean): string {
  const secure = endpoint.secure ?? !insecure;
  return `${secure ? 'https' : 'http'}://${endpoint.host}:${endpoint.port}`;
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6;
  return !/^[\d.]+$/.test(host) || isIP(host) === 4;
}

function shapeProblem(text: string): string {
  const legal = 'write http://host:port, https://host:port or host:port';
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined && !/^https?$/.test(scheme))
    return `scheme ${scheme}:// is not supported; ${legal}`;
  if (text.includes('@')) return 'credentials do not belong here (use otlp.headers)';
  if (/^(?:https?:\/\/)?[^/]+\/./.test(text)) return `OTLP over gRPC has no path; ${legal}`;
  if (isIP(text) === 6 || /^[0-9a-f]*:[0-9a-f]*:/i.test(text))
    return 'put an IPv6 address in brackets, such as [2001:db8::1]:4317';
  return `not an endpoint; ${legal}`;
}
