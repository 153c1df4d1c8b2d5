import { explicitOtlp } from '../../config/explicit-otlp.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { headerSource } from '../../config/renew-headers.ts';
import type { EventKind } from '../../model/event.ts';
import type { AlertSink } from '../../model/sink.ts';
import { createRename } from '../../net/conventions.ts';
import type { Shedder } from '../../pipeline/shedding.ts';
import type { OtlpTelemetry } from '../../telemetry/export/otlp-telemetry.ts';
import type { Telemetry } from '../telemetry.ts';
import { version } from '../version.ts';
import type { Diagnostics } from './diagnostics.ts';
import { resolveCollector } from './sinks.ts';

/** Kinds of events that the configuration sends to the collector. */
export function exportedKinds({ config }: Pick<LoadedConfig, 'config'>): readonly EventKind[] {
  const { events, spans } = config.exported;
  return [...new Set<EventKind>([...events, ...(spans ? (['http', 'grpc'] as const) : [])])];
}

export interface TelemetryExportParts {
  readonly loaded: LoadedConfig;
  readonly telemetry: Telemetry;
  /** Alerts have precedence on the way to the collector. */
  readonly sinks: readonly AlertSink[];
  readonly shedder: Pick<Shedder, 'isShed'>;
  readonly diagnostics: Diagnostics;
}

/** Opens the way of events and spans to the collector, when there is a collector and something to send. */
export async function openTelemetryExport(parts: TelemetryExportParts): Promise<OtlpTelemetry | undefined> {
  const { loaded, telemetry, sinks, shedder, diagnostics } = parts;
  const { events, spans } = loaded.config.exported;
  if (events.length === 0 && !spans) return undefined;
  const otlp = resolveCollector(explicitOtlp(loaded), headerSource(loaded));
  if (otlp === undefined) {
    diagnostics.warn('otlp.events and otlp.spans have no effect without otlp.endpoint');
    return undefined;
  }
  // Loaded only when it is used: the modules cost tens of megabytes.
  const { createOtlpTelemetry } = await import('../../telemetry/export/otlp-telemetry.ts');
  const toOtel = createRename('otel');
  const collector = sinks.find(({ name }) => name === 'otlp');
  return createOtlpTelemetry({
    otlp,
    serviceVersion: await version(),
    env: process.env,
    events: new Set(events),
    spans,
    describe: telemetry.describeOut,
    describeSpan: (event) => toOtel(telemetry.describe(event)),
    alertsWaiting: () => (collector?.counters.pending ?? 0) + (collector?.counters.spooled ?? 0),
    isShed: shedder.isShed,
    onReport: ({ level, message }) =>
      level === 'error' ? diagnostics.error(message) : diagnostics.info(message),
  });
}
