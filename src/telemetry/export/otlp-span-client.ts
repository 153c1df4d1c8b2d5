import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { createClient, type OtlpClient } from './otlp-client.ts';
import type { OtlpOptions } from './otlp-options.ts';

/** Spans to the collector. Throws TELEGEN_EXPORT when a certificate or key cannot be used. */
export function createSpanClient(options: OtlpOptions, userAgent: string): OtlpClient<ReadableSpan> {
  return createClient(options, { userAgent }, (config) => new OTLPTraceExporter(config));
}
