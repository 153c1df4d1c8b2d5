import { createAlertFilter } from '../../alerts/filter.ts';
import type { AlertsConfig, OtlpConfig } from '../../config/config.ts';
import type { HeaderSource } from '../../config/renew-headers.ts';
import type { Alert } from '../../model/finding.ts';
import type { AlertSink } from '../../model/sink.ts';
import type { Rename } from '../../net/conventions.ts';
import { createFileSink } from '../../telemetry/export/file-sink.ts';
import { type OtlpOptions, resolveOtlpOptions } from '../../telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../telemetry/export/otlp-sink.ts';
import { formatPretty } from '../../telemetry/export/pretty.ts';
import { alertToJson } from '../../telemetry/export/serialize.ts';
import type { OnReport } from '../../telemetry/export/sink.ts';
import { createStreamSink } from '../../telemetry/export/stdout-sink.ts';
import { version } from '../version.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Spools } from './spool.ts';

export const OUTPUTS = ['auto', 'jsonl', 'pretty', 'none'] as const;
export type Output = (typeof OUTPUTS)[number];

export interface Sinks {
  readonly sinks: readonly AlertSink[];
  /** By name of the sink: which alerts it wants. */
  readonly wants: Readonly<Record<string, (alert: Alert) => boolean>>;
  /** For the banner: where alerts go. */
  readonly description: string;
}

/** What `auto` means: with a collector nothing on stdout; else readable on a terminal, JSON lines in a pipe. */
export function decideOutput(
  output: Output,
  hasCollector: boolean,
  isTerminal: boolean,
): Exclude<Output, 'auto'> {
  if (output !== 'auto') return output;
  if (hasCollector) return 'none';
  return isTerminal ? 'pretty' : 'jsonl';
}

function describeCollector(otlp: OtlpOptions): string {
  return `OTLP ${otlp.address} (${otlp.secure ? 'TLS' : 'plaintext'})`;
}

export interface SinkParts {
  readonly alerts: AlertsConfig;
  readonly spools: Spools;
  readonly headers: HeaderSource;
  readonly diagnostics: Diagnostics;
  /** Names of attributes where machines read them. */
  readonly rename: Rename;
}

/** The collector's settings, with header values that follow their files. */
export function resolveCollector(
  config: Partial<OtlpConfig>,
  { renew, files }: HeaderSource,
): OtlpOptions | undefined {
  const otlp = resolveOtlpOptions(config, process.env);
  if (otlp === undefined || files.length === 0) return otlp;
  const renewHeaders = (): OtlpOptions['headers'] | undefined => {
    const headers = renew();
    return headers === undefined
      ? undefined
      : resolveOtlpOptions({ ...config, headers }, process.env)?.headers;
  };
  return { ...otlp, renewHeaders, watchedFiles: files };
}

/** Opens every way out that is configured. TELEGEN_EXPORT on settings that cannot work. */
export async function openSinks(
  config: Partial<OtlpConfig>,
  output: Output,
  { alerts, spools, headers, diagnostics, rename }: SinkParts,
): Promise<Sinks> {
  const otlp = resolveCollector(config, headers);
  const onReport: OnReport = ({ level, message }) =>
    level === 'error' ? diagnostics.error(message) : diagnostics.info(message);
  const decided = decideOutput(output, otlp !== undefined, process.stdout.isTTY === true);
  const sinks: AlertSink[] = [];
  const places: string[] = [];
  if (otlp !== undefined) {
    const serviceVersion = await version();
    const sink = await createOtlpSink({ otlp, serviceVersion, env: process.env, rename, onReport });
    sinks.push(await spools.inFrontOf(sink));
    places.push(describeCollector(otlp));
  }
  if (alerts.file.path !== undefined) {
    const { path, maxBytes, keep } = alerts.file;
    sinks.push(await spools.inFrontOf(createFileSink({ path, maxBytes, keep, onReport })));
    places.push(path);
  }
  if (decided !== 'none') {
    const colour = process.stdout.isTTY === true;
    const format = (alert: Alert): string =>
      decided === 'pretty' ? formatPretty(alert, { colour }) : alertToJson(alert, rename);
    sinks.push(createStreamSink({ stream: process.stdout, onReport, format }));
    places.push(decided === 'pretty' ? 'this terminal' : 'standard output, as JSON lines');
  }
  const wants = { otlp: createAlertFilter(alerts.otlp), file: createAlertFilter(alerts.file) };
  return { sinks, wants, description: places.join(' and ') || 'nowhere (--output none and no collector)' };
}
