import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createDelivery, type Delivery } from '../../alerts/deliver.ts';
import { createMerger, type Merger } from '../../alerts/merge.ts';
import { cgroup2Mount } from '../../capture/live/cgroup.ts';
import { type LiveCapture, openLiveCapture } from '../../capture/live/live-capture.ts';
import type { Config } from '../../config/config.ts';
import { explicitOtlp } from '../../config/explicit-otlp.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { loadConfig } from '../../config/load.ts';
import { createDetectors } from '../../detectors/index.ts';
import { createInterfaceFilter } from '../../enrich/interfaces.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import { CONNECTION_PHASES, type EventKind } from '../../model/event.ts';
import { type Contents, createContents } from '../../pipeline/contents.ts';
import { createEngine, type Engine } from '../../pipeline/engine.ts';
import { createLossWatch } from '../../pipeline/loss-watch.ts';
import { type BlocklistStore, openBlocklists } from '../../reputation/blocklist-store.ts';
import { capabilityCheck } from '../doctor/host-checks.ts';
import { banner, farewell, hookNotes } from './banner.ts';
import { blocklistPaths } from './blocklist-paths.ts';
import { contentKinds } from './content-kinds.ts';
import { createDiagnostics, type Diagnostics } from './diagnostics.ts';
import { createEventPrinter, type EventPrinter } from './event-printer.ts';
import { openHostProcesses } from './process-table.ts';
import { type Output, openSinks } from './sinks.ts';
import { untilStopped } from './stop-signal.ts';

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
  readonly merger: Merger;
  readonly delivery: Delivery;
  readonly capture: LiveCapture;
  readonly contents: Contents;
  readonly blocklists: BlocklistStore | undefined;
  readonly printer: EventPrinter | undefined;
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
    running.checkLoss();
  }, TICK_MS);
  diagnostics.info(`ready${source === undefined ? ' (defaults; no configuration file)' : ` (${source})`}`);
  await untilStopped();
  clearInterval(timer);
  await stop(running);
  return EXIT.ok;
}

/** Said here by name, where the kernel would only say EPERM. */
function requireCapabilities(): void {
  const { state, detail, cure } = capabilityCheck();
  if (state === 'missing') throw new TelegenError('TELEGEN_HOST', `${detail}; ${cure}`);
}

async function openLists(config: Config, diagnostics: Diagnostics): Promise<BlocklistStore | undefined> {
  const paths = blocklistPaths(config.network.security.blocklists);
  if (paths.length === 0 || !config.network.security.enabled) return undefined;
  const onReport = ({ level, message }: { level: string; message: string }): void =>
    level === 'warning' ? diagnostics.warn(message) : diagnostics.info(message);
  return openBlocklists({ paths, onReport });
}

function openPrinter(kinds: readonly EventKind[], diagnostics: Diagnostics): EventPrinter | undefined {
  return kinds.length === 0 ? undefined : createEventPrinter({ kinds, stream: process.stdout, diagnostics });
}

async function start(loaded: LoadedConfig, options: RunOptions, diagnostics: Diagnostics): Promise<Running> {
  const { config } = loaded;
  const { security } = config.network;
  const { sinks, description } = await openSinks(explicitOtlp(loaded), options.output, diagnostics);
  const blocklists = await openLists(config, diagnostics);
  const processes = openHostProcesses(config.kubernetes);
  const merger = createMerger({ windowMs: security.mergeWindowMs, newUid: randomUUID });
  const delivery = createDelivery({ sinks, onProblem: diagnostics.error });
  const printer = openPrinter(options.events, diagnostics);
  const include = options.interfaces.length > 0 ? options.interfaces : config.network.interfaces;
  const reputation = blocklists === undefined ? {} : { reputation: blocklists.lookup };
  const engine = createEngine({
    processes: processes.table,
    detectors: security.enabled ? createDetectors(security, reputation) : [],
    merger,
    delivery,
    interfaces: createInterfaceFilter({ include, exclude: config.network.excludeInterfaces }),
    newUid: randomUUID,
    ...(printer === undefined ? {} : { onEvent: printer.print }),
    onProblem: diagnostics.error,
  });
  const contents = createContents(engine.handle);
  const capture = openLiveCapture({
    ...(options.cgroup === undefined ? {} : { cgroupPath: options.cgroup }),
    ringBufferSize: config.network.ringBufferBytes,
    // Detectors judge how conversations begin; the rest is made only for those who asked to see it.
    phases: options.events.includes('connection') ? CONNECTION_PHASES : ['attempted', 'accepted'],
    content: { kinds: contentKinds(options.events), reader: contents },
    seedProcesses: () => processes.seed(belowMount(options.cgroup)),
    onEvent: engine.handle,
    onWarning: diagnostics.warn,
  });
  banner(
    { capture, include, destination: description, lists: blocklists?.lists() ?? [], security },
    diagnostics,
  );
  const lossWatch = createLossWatch(engine.reportLoss);
  const checkLoss = (): void => lossWatch(capture.counters(), Date.now());
  return { engine, merger, delivery, capture, contents, blocklists, printer, checkLoss, diagnostics };
}

/** The path of a cgroup below the mount of cgroup v2; undefined for the root. */
function belowMount(cgroup: string | undefined): string | undefined {
  const mount = cgroup2Mount();
  if (cgroup === undefined || mount === undefined || !cgroup.startsWith(mount)) return undefined;
  const path = cgroup.slice(mount.length).replace(/\/+$/, '');
  return path === '' ? undefined : path;
}

async function stop(running: Running): Promise<void> {
  const { engine, merger, delivery, capture, contents, blocklists, printer, checkLoss, diagnostics } =
    running;
  let counters = capture.counters();
  await capture.stop(() => {
    counters = capture.counters();
    checkLoss();
  });
  contents.finish(Date.now());
  engine.finish(Date.now());
  await Promise.all([delivery.flush(FLUSH_MS), printer?.flush(FLUSH_MS)]);
  await Promise.race([Promise.all([delivery.close(), blocklists?.close()]), delay(CLOSE_MS)]);
  const books = { counters, engine: engine.counters, merger: merger.counters, delivery: delivery.counters() };
  farewell({ ...books, printer: printer?.counters }, diagnostics);
}
