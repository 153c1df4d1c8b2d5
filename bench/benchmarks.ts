import { alertDelivery } from './cases/alert-delivery.ts';
import { bpf } from './cases/bpf.ts';
import { connectLatency } from './cases/connect-latency.ts';
import { connectToAlert } from './cases/connect-to-alert.ts';
import { correlations } from './cases/correlations.ts';
import { decode } from './cases/decode.ts';
import { decoders } from './cases/decoders.ts';
import { detect } from './cases/detect.ts';
import { featureLoads } from './cases/feature-loads.ts';
import { kernelLists } from './cases/kernel-lists.ts';
import { lists } from './cases/lists.ts';
import { liveFlows } from './cases/live-flows.ts';
import { livePath } from './cases/live-path.ts';
import { memory } from './cases/memory.ts';
import { merging } from './cases/merging.ts';
import { mutants } from './cases/mutants.ts';
import { overhead } from './cases/overhead.ts';
import { packetPath } from './cases/packet-path.ts';
import { packets } from './cases/packets.ts';
import { profile } from './cases/profile.ts';
import { replay } from './cases/replay.ts';
import { rules } from './cases/rules.ts';
import { scaling } from './cases/scaling.ts';
import { scrape } from './cases/scrape.ts';
import { sideBySide } from './cases/side-by-side.ts';
import { start } from './cases/start.ts';
import { keepAlive, shortConnections } from './cases/throughput.ts';
import { workloads } from './cases/workloads.ts';
import type { Benchmark } from './model.ts';

/** Every benchmark, in the order they run and appear in docs/performance.md. */
export const BENCHMARKS: readonly Benchmark[] = [
  connectLatency,
  shortConnections,
  keepAlive,
  sideBySide,
  workloads,
  connectToAlert,
  merging,
  alertDelivery,
  decode,
  detect,
  livePath,
  profile,
  lists,
  kernelLists,
  rules,
  correlations,
  scaling,
  replay,
  decoders,
  mutants,
  memory,
  start,
  liveFlows,
  scrape,
  bpf,
  overhead,
  featureLoads,
  packets,
  packetPath,
];
