import { createDelivery } from '../../alerts/deliver.ts';
import { explicitOtlp } from '../../config/explicit-otlp.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { headerSource } from '../../config/renew-headers.ts';
import type { EventKind, TelegenEvent } from '../../model/event.ts';
import type { ShedClass, Shedder } from '../../pipeline/shedding.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { openMetricsExport } from '../metrics/metrics-export.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Diagnostics } from './diagnostics.ts';
import { createEventPrinter, type EventPrinter } from './event-printer.ts';
import { type Output, openSinks } from './sinks.ts';
import { openSpools } from './spool.ts';
import { openTelemetryExport } from './telemetry-export.ts';

export interface OutputParts {
  readonly loaded: LoadedConfig;
  readonly output: Output;
  /** Kinds of events to print. */
  readonly events: readonly EventKind[];
  readonly telemetry: Telemetry;
  readonly metrics: Metrics | undefined;
  readonly shedder: Shedder;
  readonly diagnostics: Diagnostics;
}

export type Outputs = Awaited<ReturnType<typeof openOutputs>>;

/** Everything that leaves: alerts, events on standard output, events, spans and metrics to the collector. */
export async function openOutputs(parts: OutputParts) {
  const { loaded, output, events, telemetry, metrics, shedder, diagnostics } = parts;
  const { rename } = telemetry;
  const { alerts } = loaded.config;
  const spools = openSpools(alerts.spool, process.env, diagnostics);
  const { sinks, wants, description } = await openSinks(explicitOtlp(loaded), output, {
    alerts,
    spools,
    headers: headerSource(loaded),
    diagnostics,
    rename,
  });
  const delivery = createDelivery({ sinks, wants, onProblem: diagnostics.error });
  const printer = openPrinter(events, telemetry, diagnostics);
  const exporter = await openTelemetryExport({ loaded, telemetry, sinks, shedder, diagnostics });
  const metricsExport = await openMetricsExport({ loaded, registry: metrics?.registry, sinks, diagnostics });
  const consumers = [
    printer && unlessShed('lines', printer.print, shedder),
    exporter?.send,
    metrics && unlessShed('metrics', metrics.onEvent, shedder),
  ].filter((consumer) => consumer !== undefined);
  const onEvent = consumers.length === 0 ? undefined : telemetry.feed(...consumers);
  const stateFile = spools.directory && `${spools.directory}/state`;
  return { sinks, stateFile, delivery, description, printer, exporter, metricsExport, onEvent };
}

type Consumer = (event: TelegenEvent) => void;

function unlessShed(kind: ShedClass, consume: Consumer, shedder: Shedder): Consumer {
  return (event) => {
    if (shedder.takes(kind)) consume(event);
  };
}

function openPrinter(
  kinds: readonly EventKind[],
  { describeOut: describe }: Telemetry,
  diagnostics: Diagnostics,
): EventPrinter | undefined {
  if (kinds.length === 0) return undefined;
  return createEventPrinter({ kinds, stream: process.stdout, diagnostics, describe });
}
