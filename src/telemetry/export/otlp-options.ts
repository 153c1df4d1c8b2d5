import { TelegenError } from '../../model/errors.ts';
import { parseHeaderList, validHeaders } from './otlp-headers.ts';

/** PEM files of a TLS connection. A client certificate needs both `certFile` and `keyFile`. */
export interface OtlpTlsConfig {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** As configured; what is left out comes from the standard OTEL_* variables. */
export interface OtlpConfig {
  /** `http://host:port`, `https://host:port` or `host:port`. */
  readonly endpoint?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly compression?: 'none' | 'gzip' | undefined;
  readonly timeoutMs?: number | undefined;
  /** Only for an endpoint without a scheme: plaintext instead of TLS. */
  readonly insecure?: boolean | undefined;
  readonly tls?: OtlpTlsConfig | undefined;
  readonly serviceName?: string | undefined;
}

/** Everything decided. */
export interface OtlpOptions {
  /** As the operator wrote it, for messages. */
  readonly endpoint: string;
  /** `host:port`. */
  readonly address: string;
  readonly secure: boolean;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers as their files are by now, for each new connection; undefined when one cannot be read. */
  readonly renewHeaders?: (() => Readonly<Record<string, string>> | undefined) | undefined;
  /** Files whose change calls for a new connection: certificates, keys, header values. */
  readonly watchedFiles?: readonly string[];
  readonly compression: 'none' | 'gzip';
  readonly timeoutMs: number;
  readonly tls: OtlpTlsConfig;
  readonly serviceName: string | undefined;
}

export type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 3_600_000;
/** OTLP's registered port, for `host` without scheme and port. With a scheme it is the scheme's own port. */
const OTLP_PORT = 4317;

interface Found {
  readonly value: string;
  /** Where it was written, for messages. */
  readonly source: string;
}

function fail(message: string): never {
  throw new TelegenError('TELEGEN_EXPORT', message);
}

/** The signal's own variable wins over the general one; empty means unset, as OpenTelemetry has it. */
function fromEnv(env: Env, name: string): Found | undefined {
  for (const source of [`OTEL_EXPORTER_OTLP_LOGS_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
    const value = env[source]?.trim();
    if (value) return { value, source };
  }
  return undefined;
}

function pick(configured: string | undefined, key: string, fallback: Found | undefined): Found | undefined {
  return configured ? { value: configured.trim(), source: `otlp.${key}` } : fallback;
}

interface Target {
  readonly scheme: 'http' | 'https' | undefined;
  readonly address: string;
}

function portOf(url: URL, scheme: Target['scheme']): number {
  if (url.port !== '') return Number(url.port);
  if (scheme === undefined) return OTLP_PORT;
  return scheme === 'https' ? 443 : 80;
}

function parseEndpoint({ value, source }: Found): Target {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  const legal = 'write http://host:4317, https://host:4317 or host:4317';
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    fail(`${source}: unsupported scheme "${scheme}"; ${legal}`);
  }
  // An unknown scheme keeps every port, also those that are defaults of http or https.
  const rest = scheme === undefined ? value : value.slice(scheme.length + 3);
  const url = URL.canParse(`otlp://${rest}`) ? new URL(`otlp://${rest}`) : undefined;
  if (url === undefined || url.hostname === '')
    return fail(`${source}: not an address of a collector; ${legal}`);
  if (url.username !== '' || url.password !== '') {
    fail(`${source}: user and password do not belong into the endpoint; use otlp.headers (authorization)`);
  }
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    fail(`${source}: OTLP over gRPC has no path ("${url.pathname}${url.search}${url.hash}"); ${legal}`);
  }
  return { scheme, address: `${url.hostname}:${portOf(url, scheme)}` };
}

function hasFiles(tls: OtlpTlsConfig | undefined): boolean {
  return Boolean(tls?.caFile || tls?.certFile || tls?.keyFile);
}

/** Contradictions are errors: whoever names a certificate must never end up with plaintext. */
function decideSecurity(config: OtlpConfig, env: Env, target: Target): boolean {
  const { scheme } = target;
  if (hasFiles(config.tls) && scheme === 'http') {
    fail('otlp.tls is set but the endpoint says http://; write https:// or remove otlp.tls');
  }
  if (config.insecure && (hasFiles(config.tls) || scheme === 'https')) {
    fail('otlp.insecure: true contradicts https:// or otlp.tls; remove one of them');
  }
  if (scheme !== undefined) return scheme === 'https';
  if (hasFiles(config.tls)) return true;
  return !(config.insecure ?? fromEnv(env, 'INSECURE')?.value.toLowerCase() === 'true');
}

function resolveTls(config: OtlpConfig, env: Env): OtlpTlsConfig {
  const certFile = config.tls?.certFile || fromEnv(env, 'CLIENT_CERTIFICATE')?.value;
  const keyFile = config.tls?.keyFile || fromEnv(env, 'CLIENT_KEY')?.value;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [given, missing] = certFile === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
    fail(`a client ${given} without its ${missing}; set both otlp.tls.cert_file and otlp.tls.key_file`);
  }
  return { caFile: config.tls?.caFile || fromEnv(env, 'CERTIFICATE')?.value, certFile, keyFile };
}

function resolveCompression(config: OtlpConfig, env: Env): 'none' | 'gzip' {
  const found = pick(config.compression, 'compression', fromEnv(env, 'COMPRESSION'));
  if (found === undefined) return 'none';
  if (found.value === 'none' || found.value === 'gzip') return found.value;
  return fail(`${found.source}: "${found.value}" is not a compression; use none or gzip`);
}

function resolveTimeout(config: OtlpConfig, env: Env): number {
  const found = pick(config.timeoutMs?.toString(), 'timeout', fromEnv(env, 'TIMEOUT'));
  if (found === undefined) return DEFAULT_TIMEOUT_MS;
  const timeoutMs = Number(found.value);
  if (timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs;
  return fail(
    `${found.source}: "${found.value}" is not a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`,
  );
}

/** Like the SDK: single headers of the more special place win, the others are kept. */
function resolveHeaders(config: OtlpConfig, env: Env): Record<string, string> {
  const general = 'OTEL_EXPORTER_OTLP_HEADERS';
  const logs = 'OTEL_EXPORTER_OTLP_LOGS_HEADERS';
  return {
    ...parseHeaderList(env[general], general),
    ...parseHeaderList(env[logs], logs),
    ...validHeaders(config.headers ?? {}, 'otlp.headers'),
  };
}

/** An endpoint meant for another protocol would only ever fail, with messages that do not say why. */
function checkProtocol(endpoint: Found, env: Env): void {
  const protocol = fromEnv(env, 'PROTOCOL');
  if (protocol === undefined || protocol.value === 'grpc' || endpoint.source.startsWith('otlp.')) return;
  fail(
    `${endpoint.source} is for ${protocol.value} (${protocol.source}), but telegen sends OTLP over gRPC; ` +
      'set OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=grpc and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, or otlp.endpoint',
  );
}

/**
 * Merges the configuration (it wins) with the standard OTEL_EXPORTER_OTLP_[LOGS_]* variables. Pure: reads no file.
 * Undefined when no endpoint is given. Throws TELEGEN_EXPORT on anything contradictory or malformed.
 */
export function resolveOtlpOptions(config: OtlpConfig, env: Env): OtlpOptions | undefined {
  const endpoint = pick(config.endpoint, 'endpoint', fromEnv(env, 'ENDPOINT'));
  if (endpoint === undefined) return undefined;
  checkProtocol(endpoint, env);
  const target = parseEndpoint(endpoint);
  const secure = decideSecurity(config, env, target);
  return {
    endpoint: endpoint.value,
    address: target.address,
    secure,
    headers: resolveHeaders(config, env),
    compression: resolveCompression(config, env),
    timeoutMs: resolveTimeout(config, env),
    tls: secure ? resolveTls(config, env) : {},
    serviceName: config.serviceName,
  };
}
