import { statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { createDelivery } from '../../alerts/deliver.ts';
import { createMerger, type Merger } from '../../alerts/merge.ts';
import { createTunedMerger } from '../../alerts/tuning/tuned-merger.ts';
import { readCapture } from '../../capture/pcap/read-capture.ts';
import { type ReplaySummary, replayCapture } from '../../capture/replay/replay-capture.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { loadTuning } from '../../config/tuning-file.ts';
import { createDetectors } from '../../detectors/index.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import { CONTENT_KINDS, type EventKind } from '../../model/event.ts';
import type { Alert } from '../../model/finding.ts';
import type { AlertSink } from '../../model/sink.ts';
import { parsePrefixSet } from '../../net/prefix-set.ts';
import { type Contents, createContents } from '../../pipeline/contents.ts';
import { createEngine, type Engine } from '../../pipeline/engine.ts';
import { type BlocklistStore, openBlocklists } from '../../reputation/blocklist-store.ts';
import { reasonOf } from '../../rule-files/find-files.ts';
import { createBooks } from '../../telemetry/export/sink.ts';
import type { TopologyFormat } from '../../telemetry/export/topology-text.ts';
import { listOptions } from '../lists.ts';
import { type OpenRules, openRules } from '../rules/open-rules.ts';
import { createDiagnostics, type Diagnostics } from '../run/diagnostics.ts';
import { expiryText } from '../run/tuning.ts';
import { createTelemetry, type Telemetry } from '../telemetry.ts';
import { STDOUT } from './blocking-output.ts';
import { createProgress } from './progress.ts';
import { createReplayOutput, type ReplayForm, type ReplayOutput } from './replay-output.ts';
import { createReplayTelemetry, type ReplayTelemetry } from './replay-telemetry.ts';
import { undecoded } from './undecoded.ts';

export interface ReplayCommand {
  readonly config?: string;
  readonly events: readonly EventKind[];
  /** Default: pretty on a terminal, JSON lines elsewhere. */
  readonly output?: ReplayForm;
  /** Of `--output topology` (default: yaml). */
  readonly topology?: TopologyFormat;
  /** Rule files or folders; default: those of the configuration. */
  readonly rules?: readonly string[];
  /** Takes every alert, unmerged, instead of standard output. */
  readonly onAlert?: (alert: Alert) => void;
}

interface Stage {
  readonly config: Config;
  readonly engine: Engine;
  readonly merger: Merger;
  readonly output: ReplayOutput;
  readonly telemetry: Telemetry;
  readonly metrics: ReplayTelemetry | undefined;
}

/**
 * `telegen replay`. What is readable is reported, whatever becomes of other files; exit code 1 when that was not all, 2 when no
 * file is a capture.
 */
export async function replay(files: readonly string[], command: ReplayCommand): Promise<number> {
  const diagnostics = createDiagnostics();
  checkRulePaths(command.rules ?? []);
  const { config, inactive } = loadConfig(command.config);
  if (inactive.length > 0) diagnostics.warn(`accepted, not active yet: ${inactive.join(', ')}`);
  const lists = await openLists(config, diagnostics);
  const form = command.output ?? (isatty(STDOUT) ? 'pretty' : 'jsonl');
  const rules = await openReplayRules(command, config, { lists, diagnostics });
  const stage = setStage({ config, lists, rules, diagnostics, form, command });
  const result: Result = { endMs: 0, replayed: 0, isWhole: true };
  try {
    for (const file of files) await takeFile(file, { stage, diagnostics, result });
  } finally {
    await lists?.close();
    if (result.replayed > 0) finish(stage, result.endMs);
  }
  if (result.replayed === 0) return EXIT.usage;
  return result.isWhole ? EXIT.ok : EXIT.failure;
}

/** What came of the files so far. */
interface Result {
  endMs: number;
  replayed: number;
  isWhole: boolean;
}

interface Taking {
  readonly stage: Stage;
  readonly diagnostics: Diagnostics;
  readonly result: Result;
}

/** One file that is missing or is no capture must not cost what the others tell. */
async function takeFile(file: string, { stage, diagnostics, result }: Taking): Promise<void> {
  try {
    const summary = await replayFile(file, stage);
    result.replayed += 1;
    result.endMs = Math.max(result.endMs, summary.endMs);
    stage.output.fileDone(file, summary);
    result.isWhole = reportFaults(file, summary, diagnostics) && result.isWhole;
  } catch (error) {
    if (!(error instanceof TelegenError) || error.code !== 'TELEGEN_CAPTURE') throw error;
    result.isWhole = false;
    diagnostics.info(`${error.code}: ${error.message}`);
  }
}

/** Whether a file was read to its end and was not all in vain. */
function reportFaults(file: string, summary: ReplaySummary, { warn, error }: Diagnostics): boolean {
  const { problem } = summary;
  if (problem !== undefined)
    error(`${file}: byte ${problem.byteOffset}: ${problem.reason}; what was readable is reported`);
  const lost = undecoded(summary);
  if (lost !== undefined) warn(`${file}: ${lost.warning}`);
  return problem === undefined && lost?.isFailure !== true;
}

function finish({ engine, merger, metrics, output }: Stage, endMs: number): void {
  engine.finish(endMs);
  output.finish(engine.counters, merger.counters, metrics?.report(endMs));
}

/** A folder that is missing in the configuration may come while an agent runs; on the command line it is a mistake. */
function checkRulePaths(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      statSync(path);
    } catch (cause) {
      throw new TelegenError('TELEGEN_RULES', `${path}: ${reasonOf(cause)}; name a rule file or folder`, {
        cause,
      });
    }
  }
}

/** Reloading is for live use: a replay judges a whole capture by the lists as they are at its start. */
async function openLists(config: Config, diagnostics: Diagnostics): Promise<BlocklistStore | undefined> {
  const { security } = config.network;
  const options = listOptions(security);
  const onReport = ({ level, message }: { level: string; message: string }): void => {
    if (level === 'warning') diagnostics.warn(message);
  };
  // The addresses of the host that replays have nothing to do with the capture.
  return options && openBlocklists({ ...options, ownNetworks: () => security.ownNetworks, onReport });
}

interface RuleParts {
  readonly lists: BlocklistStore | undefined;
  readonly diagnostics: Diagnostics;
}

/** Folders on the command line take the place of the configured ones, and switch rules on. */
function openReplayRules(
  { rules }: ReplayCommand,
  config: Config,
  { lists, diagnostics }: RuleParts,
): Promise<OpenRules | undefined> {
  const own = rules === undefined ? config.rules : { ...config.rules, enabled: true, paths: rules };
  const reputation = lists === undefined ? {} : { reputation: lists.lookup };
  const quiet = { ...diagnostics, info: () => undefined };
  return openRules({ config: own, viewpoint: 'capture', ...reputation, diagnostics: quiet, watch: false });
}

interface StageParts {
  readonly config: Config;
  readonly lists: BlocklistStore | undefined;
  readonly rules: OpenRules | undefined;
  readonly diagnostics: Diagnostics;
  readonly form: ReplayForm;
  readonly command: ReplayCommand;
}

function setStage({ config, lists, rules, diagnostics, form, command }: StageParts): Stage {
  const { security } = config.network;
  // The same input gives the same output, so nothing random names an alert.
  let alerts = 0;
  const newUid = (): string => `replay-${String(++alerts).padStart(9, '0')}`;
  const { onAlert } = command;
  const merger = createTunedMerger({
    merger: createMerger({ windowMs: onAlert === undefined ? security.mergeWindowMs : 0, newUid }),
    newUid,
    onExpired: (suppression) => diagnostics.warn(expiryText(suppression)),
  });
  merger.tune(loadTuning(config.alerts.tuning));
  const reputation = lists === undefined ? {} : { reputation: lists.lookup };
  const detectors = security.enabled ? createDetectors(security, reputation) : [];
  const kinds = command.events;
  // Sums and metrics are about events of every kind.
  const wanted = form === 'jsonl' || form === 'pretty' ? kinds : (['connection', ...CONTENT_KINDS] as const);
  const telemetry = createTelemetry({ config, detectors, rules: rules?.slot, host: 'address', wanted });
  const { names, describe, rename, describeOut } = telemetry;
  const output = createReplayOutput({ form, kinds, describe: describeOut, rename });
  const report = form === 'topology' ? (command.topology ?? 'yaml') : form;
  const metrics =
    report === 'jsonl' || report === 'pretty' || report === 'summary'
      ? undefined
      : createReplayTelemetry(config, report, telemetry.routeOf);
  const engine = createEngine({
    names,
    describe,
    detectors,
    ...(rules === undefined ? {} : { rules: rules.slot }),
    merger,
    delivery: createDelivery({
      sinks: [onAlert === undefined ? output.sink : callbackSink(onAlert)],
      onProblem: diagnostics.error,
    }),
    interfaces: undefined,
    newUid,
    onEvent: telemetry.feed(output.event, ...(metrics === undefined ? [] : [metrics.onEvent])),
    onProblem: diagnostics.error,
  });
  return { config, engine, merger, output, telemetry, metrics };
}

function callbackSink(onAlert: (alert: Alert) => void): AlertSink {
  const books = createBooks();
  return {
    name: 'callback',
    counters: books.counters,
    send(alert, settled) {
      const settle = books.open(settled);
      onAlert(alert);
      settle('delivered');
    },
    flush: async () => true,
    close: async () => undefined,
  };
}

async function replayFile(file: string, stage: Stage): Promise<ReplaySummary> {
  const { engine, config, telemetry } = stage;
  const internal = parsePrefixSet(config.network.security.internalNetworks, 'security.internal_networks');
  const contents: Contents = createContents(engine.handle, telemetry.contents);
  const reader = readCapture(file);
  const progress = createProgress(file, () => reader.bytesRead, sizeOf(file));
  const replaying = replayCapture(reader, {
    isInternal: (ip) => internal.has(ip),
    onConnection: engine.handle,
    openStream: (facts) => contents.openStream(facts),
    readsDatagrams: (facts) => contents.readsDatagrams(facts),
    onDatagram: (facts, side, bytes, timeMs) => contents.datagram(facts, side, bytes, timeMs),
    ...packetHandlers(engine, telemetry),
    onSecond: (nowMs) => {
      contents.tick(nowMs);
      engine.tick(nowMs);
      stage.metrics?.tick(nowMs);
    },
    onBatch: () => progress.update(),
  });
  const summary = await replaying.finally(() => progress.done());
  contents.finish(summary.endMs);
  return summary;
}

/** Packets are counted, and probes looked for, where somebody asks for it. */
function packetHandlers({ handlePackets }: Engine, { packets }: Telemetry) {
  return {
    onPacketRate: packets.has('packet_rate') ? handlePackets : undefined,
    onProbe: packets.has('probe') ? handlePackets : undefined,
  };
}

function sizeOf(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch {
    return undefined;
  }
}
