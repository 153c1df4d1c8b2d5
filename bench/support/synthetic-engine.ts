import { Writable } from 'node:stream';
import { createDelivery } from '../../src/alerts/deliver.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createDetectors } from '../../src/detectors/index.ts';
import type { ProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable } from '../../src/enrich/process-table.ts';
import type { ReputationLookup } from '../../src/model/lookup.ts';
import { createEngine, type Engine } from '../../src/pipeline/engine.ts';
import { createStreamSink } from '../../src/telemetry/export/stdout-sink.ts';

/** A host of which nothing can be read: every process must be known from its exec record. */
export const NO_PROC: ProcReader = {
  stat: () => undefined,
  commandLine: () => undefined,
  executable: () => undefined,
  cgroup: () => undefined,
  userId: () => undefined,
  hasThread: () => false,
  listProcesses: () => [],
  uptimeNs: () => undefined,
};

export const BASE_MS = 1_700_000_000_000;

/** The pipeline as `telegen run` builds it, with all detectors, a JSON sink that forgets, and no kernel. */
export function createSyntheticEngine(reputation: ReputationLookup): Engine {
  const { security } = loadConfig(undefined).config.network;
  let serial = 0;
  const newUid = (): string => `uid-${serial++}`;
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  return createEngine({
    processes: createProcessTable({
      procfs: NO_PROC,
      clocks: { epochMs: BASE_MS, monotonicNs: 0, boottimeNs: 0 },
      userName: () => undefined,
    }),
    detectors: createDetectors({ ...security, externalConnectionAlerts: true }, { reputation }),
    merger: createMerger({ windowMs: security.mergeWindowMs, newUid }),
    delivery: createDelivery({ sinks: [createStreamSink({ stream })] }),
    interfaces: undefined,
    newUid,
    onProblem: (message) => {
      throw new Error(message);
    },
  });
}
