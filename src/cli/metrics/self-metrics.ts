import type { MergeCounters } from '../../alerts/merge.ts';
import type { TunedCounters } from '../../alerts/tuning/tuned-merger.ts';
import type { RecordCounters } from '../../capture/live/counters.ts';
import type { HookStatus } from '../../capture/live/live-capture.ts';
import type { SinkCounters } from '../../model/sink.ts';
import type { EngineCounters } from '../../pipeline/engine.ts';
import { reasonOf } from '../../pipeline/loss-watch.ts';
import type { Shedder } from '../../pipeline/shedding.ts';
import type { ListStatus } from '../../reputation/snapshot.ts';
import { closed, open } from '../../telemetry/aggregate/metric.ts';
import type { Gauges, Registry } from '../../telemetry/aggregate/registry.ts';
import type { HttpCounters } from '../../telemetry/export/http-server.ts';
import type { OtlpMetricsCounters } from '../../telemetry/export/otlp-metrics.ts';
import type { StateCounters } from '../run/state.ts';

/** What the parts of the agent tell of themselves; read at each scrape. */
export interface AgentPorts {
  /** The kernel side, while it is attached. */
  readonly capture?: {
    readonly hooks: readonly HookStatus[];
    counters(): RecordCounters;
    received(): number;
    pending(): number;
  };
  readonly ringBytes?: number;
  readonly engine?: EngineCounters;
  readonly merger?: MergeCounters & Partial<TunedCounters>;
  readonly delivery?: () => Readonly<Record<string, SinkCounters>>;
  readonly lists?: () => readonly ListStatus[];
  readonly shedder?: Pick<Shedder, 'level' | 'counters'>;
  readonly state?: StateCounters;
  /** Exports of metrics to the collector. */
  readonly exports?: () => OtlpMetricsCounters | undefined;
}

export interface SelfFacts {
  readonly version: string;
  readonly startMs: number;
  /** Replaced when capture begins and ends. */
  readonly ports: () => AgentPorts;
  readonly http: () => HttpCounters | undefined;
}

type Rows = readonly (readonly [readonly string[], number])[];

const one = (value: number | undefined): Rows => (value === undefined ? [] : [[[], value]]);
const parts = (sums: Readonly<Record<string, number | undefined>>): Rows =>
  Object.entries(sums).flatMap(([name, value]) => (value === undefined ? [] : [[[name], value] as const]));

const counter = (name: string, help: string) => ({ name, help, kind: 'counter' as const });
const gauge = (name: string, help: string) => ({ name, help, kind: 'gauge' as const });

/** Registers what telegen says of itself. */
export function registerSelfMetrics(registry: Registry, facts: SelfFacts): void {
  for (const metric of [...ofProcess(facts), ...records(facts), ...alerts(facts), ...surroundings(facts)])
    registry.observe(metric);
}

function ofProcess({ version, startMs }: SelfFacts): Gauges[] {
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  return [
    {
      spec: gauge('telegen_build_info', 'Always 1; the version is in the label.'),
      labels: [closed('version')],
      read: () => [[[version], 1]],
    },
    {
      spec: { ...counter('process_cpu_seconds', 'CPU time of this process, user and system.'), unit: 's' },
      read: () => one(cpuSeconds()),
    },
    {
      spec: { ...gauge('process_resident_memory_bytes', 'Memory of this process in RAM.'), unit: 'By' },
      read: () => one(process.memoryUsage.rss()),
    },
    {
      spec: { ...gauge('process_start_time_seconds', 'When this process began, epoch seconds.'), unit: 's' },
      read: () => one(startMs / 1000),
    },
  ];
}

function records({ ports }: SelfFacts): Gauges[] {
  const counters = (): RecordCounters => ports().capture?.counters() ?? {};
  return [
    {
      spec: counter(
        'telegen_records_submitted',
        'Records that the kernel side wrote into the ring, by class.',
      ),
      labels: [closed('class')],
      read: () => Object.entries(counters()).map(([name, { submitted }]) => [[name], submitted] as const),
    },
    {
      spec: counter('telegen_records_dropped', 'Records that found no room, by class and reason.'),
      labels: [closed('class'), closed('reason')],
      read: () =>
        Object.entries(counters()).map(([name, { dropped }]) => [[name, reasonOf(name)], dropped] as const),
    },
    {
      spec: counter('telegen_records_received', 'Records taken out of the ring and decoded.'),
      read: () => one(ports().capture?.received()),
    },
    {
      spec: { ...gauge('telegen_ring_used_bytes', 'Bytes that wait in the ring.'), unit: 'By' },
      read: () => one(ports().capture?.pending()),
    },
    {
      spec: { ...gauge('telegen_ring_size_bytes', 'Size of the ring.'), unit: 'By' },
      read: () => one(ports().ringBytes),
    },
    {
      spec: gauge('telegen_hook', 'Kernel hooks: 1 for the state that each is in (ok, fallback, missing).'),
      labels: [closed('feature'), closed('state')],
      read: () =>
        (ports().capture?.hooks ?? []).map(({ feature, state }) => [[feature.name, state], 1] as const),
    },
  ];
}

function alerts({ ports }: SelfFacts): Gauges[] {
  const sinks = (): [string, SinkCounters][] => Object.entries(ports().delivery?.() ?? {});
  return [
    {
      spec: counter('telegen_events_received', 'Events that reached the engine.'),
      read: () => one(ports().engine?.received),
    },
    {
      spec: counter('telegen_events', 'Events by what became of them (handled, filtered by interface).'),
      labels: [closed('result')],
      read: () => parts({ handled: ports().engine?.handled, filtered: ports().engine?.filtered }),
    },
    {
      spec: counter('telegen_findings', 'Findings of detectors; several on one event make one alert.'),
      read: () => one(ports().engine?.findings),
    },
    {
      spec: counter(
        'telegen_alerts',
        'Alerts by what became of them (sent, merged, summary, suppressed, limited), and notices of telegen itself.',
      ),
      labels: [closed('result')],
      read: () => {
        const { merger } = ports();
        return parts({
          sent: merger?.sent,
          merged: merger?.merged,
          summary: merger?.summaries,
          suppressed:
            merger?.suppressed && Object.values(merger.suppressed).reduce((sum, count) => sum + count, 0),
          limited: merger?.limited,
          notice: ports().engine?.notices,
        });
      },
    },
    {
      spec: counter('telegen_loss_reports', 'Alerts that say that records were lost.'),
      read: () => one(ports().engine?.lossReports),
    },
    {
      spec: counter(
        'telegen_sink_alerts',
        'Alerts by destination and result: delivered, or why they were lost.',
      ),
      labels: [closed('sink'), closed('result')],
      read: () =>
        sinks().flatMap(([name, { delivered, lost }]) => [
          [[name, 'delivered'], delivered] as const,
          ...Object.entries(lost).map(([reason, count]) => [[name, reason], count] as const),
        ]),
    },
    {
      spec: gauge('telegen_sink_queue', 'Alerts that wait in memory, by destination.'),
      labels: [closed('sink')],
      read: () => sinks().map(([name, { pending }]) => [[name], pending] as const),
    },
    {
      spec: gauge('telegen_sink_spooled', 'Alerts that wait on disk, by destination.'),
      labels: [closed('sink')],
      read: () => sinks().map(([name, { spooled }]) => [[name], spooled ?? 0] as const),
    },
  ];
}

function surroundings({ ports, http }: SelfFacts): Gauges[] {
  const lists = (): readonly ListStatus[] => ports().lists?.() ?? [];
  return [
    {
      spec: counter(
        'telegen_shed',
        'Records of telemetry given up because telegen was over its budget, by class.',
      ),
      labels: [closed('class')],
      // Events and spans for the collector are in the books of their exporter.
      read: () => {
        const { lines, metrics } = ports().shedder?.counters ?? {};
        return parts({ lines, metrics });
      },
    },
    {
      spec: gauge(
        'telegen_shed_level',
        'Classes of telemetry given up now, of 4 (spans, events, lines, metrics).',
      ),
      read: () => one(ports().shedder?.level),
    },
    {
      spec: counter(
        'telegen_snapshots',
        'Snapshots of open windows and correlations (written, failed, restored, ignored because damaged).',
      ),
      labels: [closed('result')],
      read: () => parts({ ...ports().state }),
    },
    {
      spec: gauge('telegen_list_entries', 'Entries in use of each blocklist.'),
      labels: [open('list')],
      read: () => lists().map(({ name, entries }) => [[name], entries] as const),
    },
    {
      spec: gauge(
        'telegen_list_generation',
        'Generation with which a list came into use; it rises at each change.',
      ),
      labels: [open('list')],
      read: () => lists().map(({ name, generation }) => [[name], generation] as const),
    },
    {
      spec: gauge('telegen_list_failed', '1 when the file as it is now is not in use, else 0.'),
      labels: [open('list')],
      read: () => lists().map(({ name, error }) => [[name], error === undefined ? 0 : 1] as const),
    },
    {
      spec: counter(
        'telegen_metric_exports',
        'OTLP exports of metrics (delivered, failed, shed for alerts that wait, skipped because one still ran).',
      ),
      labels: [closed('result')],
      read: () => {
        const { delivered, failed, shed, skipped } = ports().exports?.() ?? {};
        return parts({ delivered, failed, shed, skipped });
      },
    },
    {
      spec: counter('telegen_http_requests', 'HTTP requests to this agent (answered, refused, broken off).'),
      labels: [closed('result')],
      read: () => {
        const { answered, refused, broken } = http() ?? {};
        return parts({ answered, refused, broken });
      },
    },
  ];
}
