import type { OtlpConfig } from './config.ts';
import type { LoadedConfig } from './inspect.ts';

/** Which file key fills which OTLP option. */
const FILE_KEYS = {
  endpoint: ['otlp.endpoint'],
  headers: ['otlp.headers'],
  compression: ['otlp.compression'],
  timeoutMs: ['otlp.timeout'],
  insecure: ['otlp.insecure'],
  tls: ['otlp.tls.ca_file', 'otlp.tls.cert_file', 'otlp.tls.key_file'],
  serviceName: ['otlp.service_name'],
} as const satisfies Record<keyof OtlpConfig, readonly string[]>;

/**
 * Only the OTLP options that the file sets. The exporter takes these first, then the OTEL_EXPORTER_OTLP_*
 * variables, then the defaults; a defaulted value here would hide the variables.
 */
export function explicitOtlp({
  config,
  setKeys,
}: Pick<LoadedConfig, 'config' | 'setKeys'>): Partial<OtlpConfig> {
  const isSet = (option: string): boolean =>
    Object.hasOwn(FILE_KEYS, option) && FILE_KEYS[option as keyof OtlpConfig].some((key) => setKeys.has(key));
  return Object.fromEntries(Object.entries(config.otlp).filter(([option]) => isSet(option)));
}
