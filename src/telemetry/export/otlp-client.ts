import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { createFileStamps } from './file-stamps.ts';
import { keptAlive } from './kept-alive.ts';
import { loadTlsMaterial } from './otlp-credentials.ts';
import type { Acceptance } from './otlp-export-loop.ts';
import type { OtlpOptions } from './otlp-options.ts';
import { takePartialSuccess, watchPartialSuccess } from './otlp-partial-success.ts';

export type ExporterConfig = NonNullable<ConstructorParameters<typeof OTLPLogExporter>[0]>;

/** One connection at a time to the collector. */
export interface OtlpClient<R> {
  /** Rejects with the error of gRPC; never retries by itself. */
  readonly exportBatch: (records: R[]) => Promise<Acceptance>;
  /** Closes the connection. The next export opens a new one, with the certificates as they are on disk then. */
  readonly reconnect: () => void;
}

function metadataOf(headers: OtlpOptions['headers']): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

function createCredentials(options: OtlpOptions): ChannelCredentials {
  if (!options.secure) return keptAlive(credentials.createInsecure());
  const { roots, key, chain } = loadTlsMaterial(options.tls);
  return keptAlive(credentials.createSsl(roots, key, chain));
}

/** The part of the SDK's exporters that all signals share. */
interface Exporter<R> {
  export(records: R[], done: (result: { readonly code: number; readonly error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

export interface ClientIdentity {
  readonly userAgent: string;
  /** How often certificates and header files are looked at; renewed ones are in use this long after. */
  readonly lookIntervalMs?: number;
}

const LOOK_INTERVAL_MS = 5_000;

/** Log records to the collector. Throws TELEGEN_EXPORT when a certificate or key cannot be used. */
export function createOtlpClient(
  options: OtlpOptions,
  identity: ClientIdentity,
): OtlpClient<ReadableLogRecord> {
  return createClient(options, identity, (config) => new OTLPLogExporter(config));
}

/**
 * The SDK's exporter behind a promise. Throws TELEGEN_EXPORT when a certificate or key cannot be used.
 * A new exporter is made after trouble: a gRPC channel that is kept would wait up to two minutes between its attempts.
 */
export function createClient<R>(
  options: OtlpOptions,
  { userAgent, lookIntervalMs = LOOK_INTERVAL_MS }: ClientIdentity,
  create: (config: ExporterConfig) => Exporter<R>,
): OtlpClient<R> {
  watchPartialSuccess();
  const { caFile, certFile, keyFile } = options.tls;
  const files = [caFile, certFile, keyFile, ...(options.watchedFiles ?? [])].filter(
    (file) => file !== undefined,
  );
  const stamps = createFileStamps(files, { intervalMs: lookIntervalMs, now: () => performance.now() });
  let headers = options.headers;
  let trusted = createCredentials(options);
  let exporter: Exporter<R> | undefined;
  let fresh = true;

  /** Certificates are renewed while we run; a half-written file must not stop what worked. */
  function renewCredentials(): void {
    try {
      trusted = createCredentials(options);
    } catch {
      // The last good ones stay; if they are out of date the handshake's failure is reported.
    }
  }

  function open(): Exporter<R> {
    if (!fresh) {
      renewCredentials();
      headers = options.renewHeaders?.() ?? headers;
    }
    fresh = false;
    return create({
      // Only host and port are taken from it; https keeps every port but 443, which is gRPC's default.
      url: `https://${options.address}`,
      credentials: trusted,
      metadata: metadataOf(headers),
      // The type is an enum whose values are these very strings.
      compression: options.compression as NonNullable<ExporterConfig['compression']>,
      timeoutMillis: options.timeoutMs,
      userAgent,
    });
  }

  function close(): void {
    exporter?.shutdown().catch(() => {});
    exporter = undefined;
  }

  return {
    exportBatch(records) {
      // Nothing is under way now: one request at a time.
      if (exporter !== undefined && stamps.changed()) close();
      exporter ??= open();
      const connection = exporter;
      return new Promise((resolve, reject) => {
        connection.export(records, ({ code, error }) => {
          const acceptance = takePartialSuccess();
          if (code === 0) resolve(acceptance);
          else reject(error ?? new Error('export failed'));
        });
      });
    },
    reconnect: close,
  };
}
