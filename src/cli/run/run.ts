import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createDelivery, type Delivery } from '../../alerts/deliver.ts';
import { createMerger } from '../../alerts/merge.ts';
import { createTunedMerger, type TunedMerger } from '../../alerts/tuning/tuned-merger.ts';
import { cgroup2Mount } from '../../capture/live/cgroup.ts';
import { type LiveCapture, openLiveCapture } from '../../capture/live/live-capture.ts';
import type { SecurityConfig } from '../../config/config.ts';
import { explicitOtlp } from '../../config/explicit-otlp.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { loadConfig } from '../../config/load.ts';
import { headerSource } from '../../config/renew-headers.ts';
import { createDetectors, type DetectorOptions } from '../../detectors/index.ts';
import { createInterfaceFilter } from '../../enrich/interfaces.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import { CONNECTION_PHASES, type ConnectionPhase, type EventKind } from '../../model/event.ts';
import { type Contents, createContents } from '../../pipeline/contents.ts';
import { createEngine, type Engine } from '../../pipeline/engine.ts';

import { createAlertLossWatch, createLossWatch } from '../../pipeline/loss-watch.ts';

import type { OtlpMetrics } from '../../telemetry/export/otlp-metrics.ts';

import type { OtlpTelemetry } from '../../telemetry/export/otlp-telemetry.ts';
import { capabilityCheck } from '../doctor/host-checks.ts';
import { METRIC_KINDS, type Metrics, openMetrics } from '../metrics/metrics.ts';
import { openMetricsExport } from '../metrics/metrics-export.ts';
import { type OpenRules, openRules } from '../rules/open-rules.ts';
import { rulesNotice } from '../rules/rules-notice.ts';
import { createTelemetry, type Telemetry } from '../telemetry.ts';
import { version } from '../version.ts';
import { banner, farewell, hookNotes } from './banner.ts';
import { contentKinds } from './content-kinds.ts';
import { createDiagnostics, type Diagnostics } from './diagnostics.ts';
import { createEventPrinter, type EventPrinter } from './event-printer.ts';
import { watchOverSensor } from './life.ts';
import { createListHealth } from './list-health.ts';
import { openHostProcesses } from './process-table.ts';
import { createReload } from './reload.ts';
import { type HostReputation, openReputation } from './reputation.ts';
import { type Output, openSinks } from './sinks.ts';
import { openSpools } from './spool.ts';
import { untilStopped } from './stop-signal.ts';
import { exportedKinds, openTelemetryExport } from './telemetry-export.ts';
import { expiryText, followTuning, type TuningReload } from './tuning.ts';

const TICK_MS = 1_000;
/** Ctrl-C must be over in 2 s, whatever the collector or the reader of stdout does: flushing plus closing. */
const FLUSH_MS = 1_000;
const CLOSE_MS = 400;

export interface RunOptions {
  readonly config?: string;
  readonly cgroup?: string;
  readonly output: Output;
  /** Kinds of telemetry events to print as JSON lines beside the alerts. */
  readonly events: readonly EventKind[];
  /** Replaces `agent.network.interfaces`. */
  readonly interfaces: readonly string[];
}

interface Running {
  readonly engine: Engine;
  readonly merger: TunedMerger;
  readonly tuning: TuningReload;
  readonly reload: () => void;
  readonly watchOver: (nowMs: number) => void;
  readonly delivery: Delivery;
  readonly capture: LiveCapture;
  readonly contents: Contents;
  readonly reputation: HostReputation;
  readonly rules: OpenRules | undefined;
  readonly printer: EventPrinter | undefined;
  readonly exporter: OtlpTelemetry | undefined;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics | undefined;
  readonly metricsExport: OtlpMetrics | undefined;
  readonly checkLoss: () => void;
  readonly diagnostics: Diagnostics;
}

/** `telegen run`: watches until a signal; resolves to the exit code. Throws TelegenError when it cannot start. */
export async function run(options: RunOptions): Promise<number> {
  const diagnostics = createDiagnostics();
  const loaded = loadConfig(options.config);
  const { inactive, source } = loaded;
  if (inactive.length > 0) diagnostics.warn(`accepted, not active yet: ${inactive.join(', ')}`);
  requireCapabilities();
  const running = await start(loaded, options, diagnostics);
  hookNotes(running.capture.hooks, diagnostics);
  const timer = setInterval(() => {
    running.contents.tick(Date.now());
    running.engine.tick(Date.now());
    running.metrics?.tick(Date.now());
    running.checkLoss();
    running.tuning.refresh();
    running.watchOver(Date.now());
  }, TICK_MS);
  diagnostics.info(`ready${source === undefined ? ' (defaults; no configuration file)' : ` (${source})`}`);
  const onHangup = (): void => {
    running.reload();
    void running.rules?.reload();
  };
  await untilStopped({ onHangup, isTerminal: process.stderr.isTTY === true });
  clearInterval(timer);
  await stop(running);
  return EXIT.ok;
}

/** Said here by name, where the kernel would only say EPERM. */
function requireCapabilities(): void {
  const { state, detail, cure } = capabilityCheck();
  if (state === 'missing') throw new TelegenError('TELEGEN_HOST', `${detail}; ${cure}`);
}

function detectorOptions(security: SecurityConfig): DetectorOptions {
  return { ...security, reputationThreshold: security.reputation.threshold };
}

function openPrinter(
  kinds: readonly EventKind[],
  { describeOut: describe }: Telemetry,
  diagnostics: Diagnostics,
): EventPrinter | undefined {
  if (kinds.length === 0) return undefined;
  return createEventPrinter({ kinds, stream: process.stdout, diagnostics, describe });
}

interface OutputParts {
  readonly loaded: LoadedConfig;
  readonly options: RunOptions;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics | undefined;
  readonly diagnostics: Diagnostics;
}

/** Everything that leaves: alerts, events on standard output, events and spans to the collector. */
async function openOutputs({ loaded, options, telemetry, metrics, diagnostics }: OutputParts) {
  const { rename } = telemetry;
  const { alerts } = loaded.config;
  const { sinks, wants, description } = await openSinks(explicitOtlp(loaded), options.output, {
    alerts,
    spools: openSpools(alerts.spool, process.env, diagnostics),
    headers: headerSource(loaded),
    diagnostics,
    rename,
  });
  const delivery = createDelivery({ sinks, wants, onProblem: diagnostics.error });
  const printer = openPrinter(options.events, telemetry, diagnostics);
  const exporter = await openTelemetryExport({ loaded, telemetry, sinks, diagnostics });
  const metricsExport = await openMetricsExport({ loaded, registry: metrics?.registry, sinks, diagnostics });
  const consumers = [printer?.print, exporter?.send, metrics?.onEvent].filter(
    (consumer) => consumer !== undefined,
  );
  const onEvent = consumers.length === 0 ? undefined : telemetry.feed(...consumers);
  return { delivery, description, printer, exporter, metricsExport, onEvent };
}

async function start(loaded: LoadedConfig, options: RunOptions, diagnostics: Diagnostics): Promise<Running> {
  const { config } = loaded;
  const { security } = config.network;
  const health = createListHealth({ diagnostics, newUid: randomUUID });
  const reputation = await openReputation(security, health.onReport);
  const detectors = security.enabled ? createDetectors(detectorOptions(security), reputation.ports) : [];
  const judges = { config: config.rules, viewpoint: 'host', ...reputation.ports, diagnostics } as const;
  const rules = await openRules({ ...judges, watch: true });
  const metricKinds = config.telemetry.enabled ? METRIC_KINDS : [];
  const wanted: readonly EventKind[] = [...options.events, ...exportedKinds(loaded), ...metricKinds];
  const telemetry = createTelemetry({ config, detectors, rules: rules?.slot, host: 'machine', wanted });
  const { names, describe, routeOf, rename } = telemetry;
  const metrics = config.telemetry.enabled
    ? openMetrics({ config, version: await version(), diagnostics, routeOf, rename })
    : undefined;
  const outputs = await openOutputs({ loaded, options, telemetry, metrics, diagnostics });
  const { delivery, description, printer, exporter, metricsExport, onEvent } = outputs;
  const processes = openHostProcesses(config.kubernetes);
  const merger = createTunedMerger({
    merger: createMerger({ windowMs: security.mergeWindowMs, newUid: randomUUID }),
    newUid: randomUUID,
    onExpired: (suppression) => diagnostics.warn(expiryText(suppression)),
  });
  const tuning = followTuning(config.alerts.tuning, merger, diagnostics);
  const include = options.interfaces.length > 0 ? options.interfaces : config.network.interfaces;
  const engine = createEngine({
    processes: processes.table,
    names,
    describe,
    detectors,
    ...(rules === undefined ? {} : { rules: rules.slot }),
    merger,
    delivery: metrics?.watching(delivery) ?? delivery,
    interfaces: createInterfaceFilter({ include, exclude: config.network.excludeInterfaces }),
    newUid: randomUUID,
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(reputation.onFindings === undefined ? {} : { onFindings: reputation.onFindings }),
    onProblem: diagnostics.error,
  });
  const contents = createContents(engine.handle, telemetry.contents);
  health.connect(engine.notify);
  rules?.reportTo((message) => engine.notify(rulesNotice(message, Date.now())));
  const capture = openLiveCapture({
    ...(options.cgroup === undefined ? {} : { cgroupPath: options.cgroup }),
    ringBufferSize: config.network.ringBufferBytes,
    // Detectors judge how conversations begin; the rest is made only for those who asked to see it.
    phases: phasesFor(wanted, rules),
    content: {
      kinds: contentKinds([...telemetry.contents.kinds]),
      bodyBytes: telemetry.contents.maxBodyBytes,
      reader: contents,
    },
    seedProcesses: () => processes.seed(belowMount(options.cgroup)),
    onEvent: engine.handle,
    onWarning: diagnostics.warn,
  });
  banner({ capture, include, destination: description, lists: reputation.lists(), security }, diagnostics);
  metrics?.attach({
    capture,
    ringBytes: config.network.ringBufferBytes,
    engine: engine.counters,
    merger: merger.counters,
    delivery: () => delivery.counters(),
    lists: () => reputation.lists(),
    exports: () => metricsExport?.counters,
  });
  const lossWatch = createLossWatch(engine.reportLoss);
  const alertLossWatch = createAlertLossWatch(engine.reportLoss);
  const checkLoss = (): void => {
    lossWatch(capture.counters(), Date.now());
    alertLossWatch(delivery.counters(), Date.now());
  };
  const reload = createReload(loaded, { tuning, diagnostics });
  const { heartbeatMs } = config.alerts;
  const watchOver = watchOverSensor({ engine, capture, delivery, heartbeatMs, periodMs: TICK_MS });
  const parts = {
    engine,
    merger,
    delivery,
    capture,
    contents,
    reputation,
    rules,
    printer,
    exporter,
    metrics,
  };
  return { ...parts, telemetry, metricsExport, tuning, reload, watchOver, checkLoss, diagnostics };
}

/** Phases of connections that somebody judges or wants to see; the others are never made. */
function phasesFor(wanted: readonly EventKind[], rules: OpenRules | undefined): readonly ConnectionPhase[] {
  if (wanted.includes('connection')) return CONNECTION_PHASES;
  const opening: readonly ConnectionPhase[] = ['attempted', 'accepted'];
  return rules?.slot.current.needsFlows === true ? [...opening, 'failed', 'closed'] : opening;
}

/** The path of a cgroup below the mount of cgroup v2; undefined for the root. */
function belowMount(cgroup: string | undefined): string | undefined {
  const mount = cgroup2Mount();
  if (cgroup === undefined || mount === undefined || !cgroup.startsWith(mount)) return undefined;
  const path = cgroup.slice(mount.length).replace(/\/+$/, '');
  return path === '' ? undefined : path;
}

async function stop(running: Running): Promise<void> {
  const {
    engine,
    merger,
    delivery,
    capture,
    contents,
    reputation,
    rules,
    printer,
    exporter,
    metrics,
    checkLoss,
    diagnostics,
  } = running;
  metrics?.attach({});
  rules?.close();
  let counters = capture.counters();
  await capture.stop(() => {
    counters = capture.counters();
    checkLoss();
  });
  contents.finish(Date.now());
  engine.finish(Date.now());
  await Promise.all([delivery.flush(FLUSH_MS), printer?.flush(FLUSH_MS), exporter?.flush(FLUSH_MS)]);
  exporter?.close();
  running.metricsExport?.close();
  await Promise.race([
    Promise.all([delivery.close(), reputation.close(), metrics?.close()]),
    delay(CLOSE_MS),
  ]);
  const books = { counters, engine: engine.counters, merger: merger.counters, delivery: delivery.counters() };
  const telemetry = running.telemetry.summary();
  farewell({ ...books, telemetry, printer: printer?.counters, exporter: exporter?.counters }, diagnostics);
}
