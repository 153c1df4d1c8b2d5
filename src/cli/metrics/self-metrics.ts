import type { MergeCounters } from '../../alerts/merge.ts';
import type { TunedCounters } from '../../alerts/tuning/tuned-merger.ts';
import type { RecordCounters } from '../../capture/live/counters.ts';
import type { Detector } from '../../model/detector.ts';
import type { DiskUse, SinkCounters } from '../../model/sink.ts';
import type { EngineCounters } from '../../pipeline/engine.ts';
import { reasonOf } from '../../pipeline/loss-watch.ts';
import type { Shedder } from '../../pipeline/shedding.ts';
import type { TelemetryFilterCounters } from '../../pipeline/telemetry-filter.ts';
import type { FeedStatus } from '../../reputation/feeds/feeds.ts';
import type { ListStatus } from '../../reputation/snapshot.ts';
import { closed, open } from '../../telemetry/aggregate/metric.ts';
import type { Gauges, Registry } from '../../telemetry/aggregate/registry.ts';
import type { HttpCounters } from '../../telemetry/export/http-server.ts';
import type { OtlpMetricsCounters } from '../../telemetry/export/otlp-metrics.ts';
import type { StateCounters } from '../run/state.ts';
import type { CapturePort } from './capture-port.ts';
import type { EventLoop } from './event-loop.ts';
import { judgeMetrics } from './judge-metrics.ts';
import { type KubernetesPort, kubernetesMetrics } from './kubernetes-metrics.ts';
import { counter, gauge, one, parts } from './metric-rows.ts';
import { packetSelfMetrics } from './packet-self-metrics.ts';
import type { PacketPorts } from './packets-report.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { sensorMetrics } from './sensor-metrics.ts';

/** What the parts of the agent tell of themselves; read at each scrape. */
export interface AgentPorts {
  /** The kernel side, while it is attached. */
  readonly capture?: CapturePort;
  readonly ringBytes?: number;
  readonly engine?: EngineCounters;
  readonly merger?: MergeCounters & Partial<TunedCounters>;
  readonly telemetry?: TelemetryFilterCounters;
  readonly delivery?: () => Readonly<Record<string, SinkCounters>>;
  /** By name of the destination. */
  readonly spools?: () => readonly (readonly [name: string, disk: DiskUse])[];
  /** What conversations said that could not be read, by kind. */
  readonly contents?: () => Readonly<Record<string, number>>;
  readonly lists?: () => readonly ListStatus[];
  readonly detectors?: readonly Pick<Detector, 'name' | 'counters'>[];
  readonly listHits?: () => ReadonlyMap<string, number>;
  readonly listErrors?: () => ReadonlyMap<string, number>;
  readonly feeds?: () => readonly FeedStatus[];
  readonly rules?: () => { readonly states: Readonly<Record<string, number>>; readonly generation: number };
  readonly reloads?: () => Readonly<Record<string, { readonly done: number; readonly failed: number }>>;
  /** The packet side, where packets are watched. */
  readonly packets?: PacketPorts;
  readonly shedder?: Pick<Shedder, 'level' | 'counters'>;
  readonly state?: StateCounters;
  /** Exports of metrics to the collector. */
  readonly exports?: () => OtlpMetricsCounters | undefined;
  /** Absent where the Kubernetes API is not read. */
  readonly kubernetes?: KubernetesPort | undefined;
}

export interface SelfFacts {
  readonly version: string;
  readonly startMs: number;
  /** Replaced when capture begins and ends. */
  readonly ports: () => AgentPorts;
  readonly http: () => HttpCounters | undefined;
  readonly loop?: Pick<EventLoop, 'lagMs' | 'busyMs'> | undefined;
  readonly now?: () => number;
}

/** Registers what telegen says of itself. */
export function registerSelfMetrics(registry: Registry, facts: SelfFacts): void {
  const families = [
    ofProcess,
    records,
    sensorMetrics,
    events,
    alerts,
    resourceMetrics,
    judgeMetrics,
    surroundings,
  ];
  const own = families.flatMap((make) => make(facts));
  const packets = packetSelfMetrics(() => facts.ports().packets);
  for (const metric of [...own, ...packets, ...kubernetesMetrics(() => facts.ports().kubernetes)])
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

function events({ ports }: SelfFacts): Gauges[] {
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
      spec: counter(
        'telegen_telemetry_events',
        'Events offered to telemetry by result: shown, or why they were withheld (switched_off, port, path).',
      ),
      labels: [closed('result')],
      read: () => {
        const { shown, withheld } = ports().telemetry ?? {};
        return parts({ shown, ...withheld });
      },
    },
  ];
}

function alerts({ ports, now = Date.now }: SelfFacts): Gauges[] {
  const sinks = (): [string, SinkCounters][] => Object.entries(ports().delivery?.() ?? {});
  const spools = () => ports().spools?.() ?? [];
  return [
    {
      spec: counter('telegen_findings', 'Findings of detectors; several on one event make one alert.'),
      read: () => one(ports().engine?.findings),
    },
    {
      spec: counter(
        'telegen_detector_refused',
        'What detectors could not follow for lack of room: sources, services, hosts and the like.',
      ),
      labels: [closed('detector'), closed('what')],
      read: () =>
        (ports().detectors ?? []).flatMap(({ name, counters = {} }) =>
          Object.entries(counters).map(([what, count]) => [[name, what], count] as const),
        ),
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
      spec: counter('telegen_suppressed_alerts', 'Alerts withheld by a suppression, by its name.'),
      labels: [open('suppression')],
      read: () => parts(ports().merger?.suppressed ?? {}),
    },
    {
      spec: counter('telegen_loss_reports', 'Alerts that say that records were lost.'),
      read: () => one(ports().engine?.lossReports),
    },
    {
      spec: counter(
        'telegen_sink_alerts',
        'Alerts by destination and result: delivered, not wanted there (filtered), or why they were lost.',
      ),
      labels: [closed('sink'), closed('result')],
      read: () =>
        sinks().flatMap(([name, { delivered, filtered, lost }]) => [
          [[name, 'delivered'], delivered] as const,
          ...(filtered === undefined ? [] : [[[name, 'filtered'], filtered] as const]),
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
    {
      spec: { ...gauge('telegen_spool_bytes', 'Size of the spool on disk, by destination.'), unit: 'By' },
      labels: [closed('sink')],
      read: () => spools().map(([name, { bytes }]) => [[name], bytes] as const),
    },
    {
      spec: {
        ...gauge('telegen_spool_age_seconds', 'Age of the oldest alert that waits on disk, by destination.'),
        unit: 's',
      },
      labels: [closed('sink')],
      read: () =>
        spools().map(([name, { oldestMs }]) => {
          const ageMs = oldestMs === undefined ? 0 : Math.max(0, now() - oldestMs);
          return [[name], ageMs / 1000] as const;
        }),
    },
  ];
}

function surroundings({ ports, http }: SelfFacts): Gauges[] {
  return [
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
