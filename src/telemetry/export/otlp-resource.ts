import { parseKeyValueList } from './otlp-headers.ts';
import type { Env } from './otlp-options.ts';

export interface ResourceInput {
  readonly serviceName: string | undefined;
  readonly serviceVersion: string;
  readonly hostName: string;
}

/**
 * Who is speaking, for every record: service.name (configuration, then OTEL_SERVICE_NAME, then
 * OTEL_RESOURCE_ATTRIBUTES, then `telegen`), version, host, and any other OTEL_RESOURCE_ATTRIBUTES.
 */
export function resolveResource(input: ResourceInput, env: Env): Record<string, string> {
  const extra = parseKeyValueList(env.OTEL_RESOURCE_ATTRIBUTES, 'OTEL_RESOURCE_ATTRIBUTES');
  return {
    'host.name': input.hostName,
    ...extra,
    'service.name': input.serviceName || env.OTEL_SERVICE_NAME?.trim() || extra['service.name'] || 'telegen',
    'service.version': input.serviceVersion,
    'telemetry.distro.name': 'telegen',
    'telemetry.distro.version': input.serviceVersion,
  };
}
