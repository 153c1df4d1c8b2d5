import { randomUUID } from 'node:crypto';
import type { Delivery } from '../../alerts/deliver.ts';
import { createMerger } from '../../alerts/merge.ts';
import { createTunedMerger, type TunedMerger } from '../../alerts/tuning/tuned-merger.ts';
import { cgroup2Mount } from '../../capture/live/cgroup.ts';
import { type LiveCapture, openLiveCapture } from '../../capture/live/live-capture.ts';
import type { PacketCapture } from '../../capture/live/packets/packet-capture.ts';
import type { Config } from '../../config/config.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { createInterfaceFilter } from '../../enrich/interfaces.ts';
import type { Cluster } from '../../enrich/kubernetes/cluster.ts';
import type { EventKind } from '../../model/event.ts';
import type { LiveFlow } from '../../model/flow.ts';
import { type Contents, createContents } from '../../pipeline/contents.ts';
import { createEngine, type Engine } from '../../pipeline/engine.ts';
import { createAlertLossWatch, createLossWatch } from '../../pipeline/loss-watch.ts';
import type { Shedder } from '../../pipeline/shedding.ts';
import { METRIC_KINDS, type Metrics, openMetrics } from '../metrics/metrics.ts';
import type { OpenRules } from '../rules/open-rules.ts';
import { rulesNotice } from '../rules/rules-notice.ts';
import { createTelemetry, type Telemetry } from '../telemetry.ts';
import { version } from '../version.ts';
import { attachMetrics } from './attach-metrics.ts';
import { banner } from './banner.ts';
import { contentKinds } from './content-kinds.ts';
import type { Diagnostics } from './diagnostics.ts';
import { type Judges, openJudges } from './judges.ts';
import { createListFeed, type ListFeed } from './kernel-lists.ts';
import { openKubernetes } from './kubernetes.ts';
import { watchOverSensor } from './life.ts';
import { type Outputs, openOutputs } from './outputs.ts';
import { openPackets } from './packets.ts';
import { type HostProcesses, openHostProcesses } from './process-table.ts';
import { createReload } from './reload.ts';
import type { HostReputation } from './reputation.ts';
import { createResources, type Resources } from './resources.ts';
import type { Output } from './sinks.ts';
import { createState, type State } from './state.ts';
import { exportedKinds } from './telemetry-export.ts';
import { ticker } from './ticker.ts';
import { expiryText, followTuning } from './tuning.ts';
import { phasesFor } from './wanted-phases.ts';

/** How often Running's tick is called. */
export const TICK_MS = 1_000;
/** How often the counters of open TCP connections are read. */
const FLOWS_MS = 5_000;

export interface RunOptions {
  readonly config?: string;
  readonly cgroup?: string;
  readonly output: Output;
  /** Kinds of telemetry events to print as JSON lines beside the alerts. */
  readonly events: readonly EventKind[];
  /** Replaces `agent.network.interfaces`. */
  readonly interfaces: readonly string[];
}

/** A running engine with everything around it. */
export interface Running {
  readonly engine: Engine;
  readonly merger: TunedMerger;
  readonly reload: () => void;
  /** Whatever falls due by the second. */
  readonly tick: (nowMs: number) => void;
  readonly delivery: Delivery;
  readonly capture: LiveCapture;
  /** Packets on interfaces, where they are watched. */
  readonly packets: PacketCapture | undefined;
  readonly contents: Contents;
  readonly listFeed: ListFeed | undefined;
  readonly reputation: HostReputation;
  readonly rules: OpenRules | undefined;
  readonly outputs: Outputs;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics | undefined;
  readonly checkLoss: () => void;
  readonly cluster: Cluster | undefined;
  readonly shed: Shedder['counters'];
  readonly state: State;
  readonly diagnostics: Diagnostics;
}

/** The parts that the engine is made of. */
interface Stage {
  readonly config: Config;
  readonly options: RunOptions;
  readonly include: readonly string[];
  readonly wanted: readonly EventKind[];
  readonly judges: Judges;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics | undefined;
  readonly outputs: Outputs;
  readonly resources: Resources;
  readonly processes: HostProcesses;
  /** Absent where the Kubernetes API is not read. */
  readonly cluster: Cluster | undefined;
  readonly merger: TunedMerger;
  readonly diagnostics: Diagnostics;
  /** Absent where there are no lists. */
  readonly listFeed: ListFeed | undefined;
}

/** Puts everything together and attaches it; TelegenError when something that is needed is not to be had. */
export async function start(
  loaded: LoadedConfig,
  options: RunOptions,
  diagnostics: Diagnostics,
): Promise<Running> {
  const stage = await setStage(loaded, options, diagnostics);
  const { config, judges, telemetry, metrics, outputs, merger, cluster } = stage;
  const { delivery } = outputs;
  const tuning = followTuning(config.alerts.tuning, merger, diagnostics);
  const state = await openState(stage);
  const engine = openEngine(stage);
  const contents = createContents(engine.handle, telemetry.contents);
  judges.health.connect(engine.notify);
  judges.rules?.reportTo((message) => engine.notify(rulesNotice(message, Date.now())));
  const capture = openCapture(stage, { engine, contents });
  if (capture.lists) stage.listFeed?.follow(capture.lists);
  tellWhatIsWatched(stage, capture);
  const packets = openPackets({
    network: config.network,
    monitored: stage.include,
    capture,
    engine,
    onSample: metrics?.onSample,
    diagnostics,
  });
  const reload = createReload(loaded, { tuning, diagnostics });
  attachMetrics(stage, { engine, capture, packets, contents, state, reloads: { tuning, config: reload } });
  const checkLoss = watchLosses(engine, { capture, delivery });
  const { heartbeatMs } = config.alerts;
  const { shedder } = stage.resources;
  const watchOver = watchOverSensor({ engine, capture, delivery, shedder, heartbeatMs, periodMs: TICK_MS });
  const ring = { pending: () => capture.pending(), sizeBytes: config.network.ringBufferBytes };
  const tickResources = (): void => stage.resources.tick(ring);
  return {
    engine,
    merger,
    delivery,
    capture,
    packets,
    contents,
    listFeed: stage.listFeed,
    reputation: judges.reputation,
    rules: judges.rules,
    outputs,
    telemetry,
    metrics,
    checkLoss,
    cluster,
    diagnostics,
    reload() {
      reload.run();
      void judges.rules?.reload();
    },
    shed: shedder.counters,
    state,
    tick: ticker({
      state,
      contents,
      packets,
      engine,
      metrics,
      checkLoss,
      cluster,
      tuning,
      watchOver,
      tickResources,
    }),
  };
}

async function setStage(loaded: LoadedConfig, options: RunOptions, diagnostics: Diagnostics): Promise<Stage> {
  const { config } = loaded;
  const cluster = await openKubernetes(config.kubernetes, { env: process.env, diagnostics });
  const judges = await openJudges(config, diagnostics, cluster);
  const { forKernel } = judges.reputation;
  const metricKinds = config.telemetry.enabled ? METRIC_KINDS : [];
  const wanted: readonly EventKind[] = [...options.events, ...exportedKinds(loaded), ...metricKinds];
  const { detectors, rules } = judges;
  const telemetry = createTelemetry({ config, detectors, rules: rules?.slot, host: 'machine', wanted });
  const { routeOf, rename } = telemetry;
  const metrics = config.telemetry.enabled
    ? openMetrics({ config, version: await version(), diagnostics, routeOf, rename, cluster })
    : undefined;
  const { output, events } = options;
  const resources = createResources(config.resources, TICK_MS);
  const { shedder } = resources;
  return {
    config,
    options,
    include: options.interfaces.length > 0 ? options.interfaces : config.network.interfaces,
    wanted,
    judges,
    telemetry,
    metrics,
    outputs: await openOutputs({ loaded, output, events, telemetry, metrics, shedder, diagnostics }),
    resources,
    processes: openHostProcesses(config.kubernetes, cluster),
    cluster,
    merger: createTunedMerger({
      merger: createMerger({ windowMs: config.network.security.mergeWindowMs, newUid: randomUUID }),
      newUid: randomUUID,
      onExpired: (suppression) => diagnostics.warn(expiryText(suppression)),
    }),
    diagnostics,
    listFeed: forKernel && createListFeed(forKernel, diagnostics),
  };
}

/** Before anything can happen: what an earlier run left is there when the first event comes. */
async function openState({ judges, outputs, merger, diagnostics }: Stage): Promise<State> {
  const state = createState({
    file: outputs.stateFile,
    merger,
    correlations: () => judges.rules?.slot.current.correlations,
    diagnostics,
  });
  await state.restore(Date.now());
  return state;
}

function openEngine(stage: Stage): Engine {
  const { config, judges, telemetry, metrics, outputs, diagnostics } = stage;
  const { delivery, onEvent } = outputs;
  const { onFindings } = judges.reputation;
  return createEngine({
    processes: stage.processes.table,
    names: telemetry.names,
    cluster: stage.cluster,
    describe: telemetry.describe,
    detectors: judges.detectors,
    ...(judges.rules === undefined ? {} : { rules: judges.rules.slot }),
    merger: stage.merger,
    delivery: metrics?.watching(delivery) ?? delivery,
    interfaces: createInterfaceFilter({ include: stage.include, exclude: config.network.excludeInterfaces }),
    newUid: randomUUID,
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(onFindings === undefined ? {} : { onFindings }),
    onProblem: diagnostics.error,
  });
}

function openCapture(
  { config, options, wanted, judges, telemetry, metrics, processes, diagnostics, listFeed }: Stage,
  { engine, contents }: { readonly engine: Engine; readonly contents: Contents },
): LiveCapture {
  const { kinds, maxBodyBytes: bodyBytes } = telemetry.contents;
  const { tcp, ringBufferBytes: ringBufferSize } = config.network;
  const onFlow = (flow: LiveFlow): void => {
    const older = flow.isFirst && flow.event();
    // Its beginning was not seen: it is met like any other connection, where the filters are.
    if (older) engine.handle(older);
    metrics?.onFlow(flow);
  };
  return openLiveCapture({
    ...(options.cgroup === undefined ? {} : { cgroupPath: options.cgroup }),
    ringBufferSize,
    // Detectors judge how conversations begin; the rest is made only for those who asked to see it.
    phases: phasesFor(wanted, judges),
    content: { kinds: contentKinds([...kinds]), bodyBytes, reader: contents },
    ...(metrics !== undefined && tcp.enabled
      ? { flows: { sampleRate: tcp.sampleRate, everyMs: FLOWS_MS, onFlow } }
      : {}),
    ...(listFeed === undefined ? {} : { lists: listFeed }),
    seedProcesses: () => processes.seed(belowMount(options.cgroup)),
    onEvent: engine.handle,
    onWarning: diagnostics.warn,
  });
}

function tellWhatIsWatched(
  { config, include, outputs, judges, diagnostics }: Stage,
  capture: LiveCapture,
): void {
  const { security } = config.network;
  const lists = judges.reputation.lists();
  banner({ capture, include, destination: outputs.description, lists, security }, diagnostics);
}

function watchLosses(
  engine: Engine,
  { capture, delivery }: { readonly capture: LiveCapture; readonly delivery: Delivery },
): () => void {
  const lossWatch = createLossWatch(engine.reportLoss);
  const alertLossWatch = createAlertLossWatch(engine.reportLoss);
  return () => {
    lossWatch(capture.counters(), Date.now());
    alertLossWatch(delivery.counters(), Date.now());
  };
}

/** The path of a cgroup below the mount of cgroup v2; undefined for the root. */
function belowMount(cgroup: string | undefined): string | undefined {
  const mount = cgroup2Mount();
  if (cgroup === undefined || mount === undefined || !cgroup.startsWith(mount)) return undefined;
  return cgroup.slice(mount.length).replace(/\/+$/, '') || undefined;
}
