import type { Delivery } from '../../alerts/deliver.ts';
import type { TunedMerger } from '../../alerts/tuning/tuned-merger.ts';
import type { LiveCapture } from '../../capture/live/live-capture.ts';
import type { Config } from '../../config/config.ts';
import type { Cluster } from '../../enrich/kubernetes/cluster.ts';
import type { Contents } from '../../pipeline/contents.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { AgentPorts } from '../metrics/self-metrics.ts';
import { ruleFigures } from '../rules/open-rules.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Judges } from './judges.ts';
import type { Outputs } from './outputs.ts';
import type { Reload } from './reload.ts';

/** The parts that metrics of telegen itself are read from. */
export interface MeasuredStage {
  readonly config: Config;
  readonly judges: Judges;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics | undefined;
  readonly outputs: Outputs & { readonly delivery: Delivery };
  readonly merger: TunedMerger;
  readonly cluster: Cluster | undefined;
}

export interface MeasuredRun {
  readonly engine: Engine;
  readonly capture: LiveCapture;
  readonly packets: AgentPorts['packets'] | undefined;
  readonly contents: Contents;
  readonly reloads: Readonly<Record<'tuning' | 'config', Pick<Reload, 'counters'>>>;
}

/** From now on the metrics of telegen itself are those of this run. */
export function attachMetrics(stage: MeasuredStage, run: MeasuredRun): void {
  const { config, telemetry, metrics, outputs, merger, cluster } = stage;
  const { engine, capture, packets, contents } = run;
  metrics?.attach({
    capture,
    ...(packets === undefined ? {} : { packets }),
    ringBytes: config.network.ringBufferBytes,
    engine: engine.counters,
    merger: merger.counters,
    telemetry: telemetry.counters,
    delivery: () => outputs.delivery.counters(),
    spools: () => outputs.sinks.flatMap(({ name, disk }) => (disk === undefined ? [] : [[name, disk]])),
    contents: () => contents.failures(),
    ...ofJudges(stage, run),
    exports: () => outputs.metricsExport?.counters,
    kubernetes: cluster,
  });
}

function ofJudges({ judges }: MeasuredStage, { reloads }: MeasuredRun): AgentPorts {
  const { detectors, reputation, rules } = judges;
  const common = {
    detectors,
    lists: () => reputation.lists(),
    listHits: () => reputation.listHits(),
    listErrors: () => reputation.listErrors(),
    feeds: () => reputation.feeds(),
  };
  const files = () => ({ tuning: reloads.tuning.counters, config: reloads.config.counters });
  if (rules === undefined) return { ...common, reloads: files };
  return {
    ...common,
    rules: () => ruleFigures(rules),
    reloads: () => ({
      ...files(),
      rules: { done: rules.counters.reloads, failed: rules.counters.failedReloads },
    }),
  };
}
