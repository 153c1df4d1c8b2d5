import { createDelivery } from '../../src/alerts/deliver.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { decodeBatch } from '../../src/capture/decode.ts';
import { LiveStreams } from '../../src/capture/live/streams.ts';
import { viewOf } from '../../src/capture/record-view.ts';
import { createMetricsCore, METRIC_KINDS } from '../../src/cli/metrics/metrics.ts';
import { openRules } from '../../src/cli/rules/open-rules.ts';
import { createTelemetry } from '../../src/cli/telemetry.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createDetectors } from '../../src/detectors/index.ts';
import { createProcessTable } from '../../src/enrich/process-table.ts';
import { createContents } from '../../src/pipeline/contents.ts';
import { createEngine } from '../../src/pipeline/engine.ts';
import { createLookup } from '../../src/reputation/lookup.ts';
import { BASE_MS, NO_PROC } from './synthetic-engine.ts';

export interface LivePath {
  /** Takes the records of a slab to their end, as live capture does. */
  readonly take: (slab: ArrayBuffer, bytes: number) => void;
  readonly tick: (recordsMs: number) => void;
  /** HTTP exchanges that came out. */
  readonly exchanges: () => number;
}

const ignore = (): undefined => undefined;

/** Everything of `telegen run` behind the kernel, with the shipped rules and all telemetry as by default, or with neither. */
export async function createLivePath(everything: boolean): Promise<LivePath> {
  const { config } = loadConfig(undefined);
  const { security } = config.network;
  const reputation = createLookup({ block: [], allow: [], guard: [] });
  const detectors = createDetectors(security, { reputation });
  const diagnostics = { warn: ignore, error: ignore, info: ignore };
  const rules = everything
    ? await openRules({ config: config.rules, viewpoint: 'host', reputation, diagnostics, watch: false })
    : undefined;
  const wanted = everything ? METRIC_KINDS : [];
  const telemetry = createTelemetry({ config, detectors, rules: rules?.slot, host: 'machine', wanted });
  const { routeOf } = telemetry;
  const { aggregator } = createMetricsCore(config, { windowMs: 300_000, startMs: BASE_MS, routeOf });
  let exchanges = 0;
  let serial = 0;
  const newUid = (): string => `uid-${serial++}`;
  const engine = createEngine({
    processes: createProcessTable({
      procfs: NO_PROC,
      clocks: { epochMs: BASE_MS, monotonicNs: 0, boottimeNs: 0 },
      userName: ignore,
    }),
    names: telemetry.names,
    describe: telemetry.describe,
    detectors,
    ...(rules && { rules: rules.slot }),
    merger: createMerger({ windowMs: security.mergeWindowMs, newUid }),
    delivery: createDelivery({ sinks: [] }),
    interfaces: undefined,
    newUid,
    ...(everything && { onEvent: telemetry.feed(aggregator.onEvent) }),
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  const contents = createContents(
    (event) => {
      if (event.kind === 'http') exchanges++;
      engine.handle(event);
    },
    everything ? telemetry.contents : {},
  );
  const streams = new LiveStreams(contents);
  return {
    exchanges: () => exchanges,
    tick(recordsMs) {
      engine.tick(BASE_MS + recordsMs);
      aggregator.tick(BASE_MS + recordsMs);
    },
    take(slab, bytes) {
      decodeBatch(viewOf(slab), bytes, BASE_MS, {
        onRecord(record) {
          if (record.kind === 'stream-closed') streams.closed(record);
          else if (record.kind !== 'udp-socket-closed') engine.handle(record);
        },
        onPayload: (payload) => streams.payload(payload),
        onMalformed: (kind) => {
          throw new Error(`malformed record of kind ${kind}`);
        },
      });
    },
  };
}
