import { closed } from '../../telemetry/aggregate/metric.ts';
import type { Gauges } from '../../telemetry/aggregate/registry.ts';
import { counter, gauge, one, parts, type Rows } from './metric-rows.ts';
import type { AgentPorts, SelfFacts } from './self-metrics.ts';

/** How full the sensor's tables are, what it could not decode, and whether it keeps up. */
export function sensorMetrics({ ports, loop }: SelfFacts): Gauges[] {
  return [...tables(ports), ...decoding(ports), ...flows(ports), ...lists(ports), ...eventLoop(loop)];
}

function tables(ports: () => AgentPorts): Gauges[] {
  const rows = (figure: 'entries' | 'max'): Rows =>
    (ports().capture?.tables?.() ?? []).map((table) => [[table.name], table[figure]] as const);
  return [
    {
      spec: gauge(
        'telegen_table_entries',
        'Entries of tables that outside data fills; of the kernel counted once a minute.',
      ),
      labels: [closed('table')],
      read: () => rows('entries'),
    },
    {
      spec: gauge('telegen_table_max_entries', 'Entries that the table has room for.'),
      labels: [closed('table')],
      read: () => rows('max'),
    },
  ];
}

function decoding(ports: () => AgentPorts): Gauges[] {
  return [
    {
      spec: counter(
        'telegen_decode_failures',
        'What could not be read, or not to its end, by kind: of records from the kernel, and of what conversations said.',
      ),
      labels: [closed('kind')],
      read: () => {
        const { capture, contents } = ports();
        return parts({ record: capture?.malformed?.(), ...contents?.() });
      },
    },
    {
      spec: counter('telegen_streams', 'Streams of payload that were followed, by what became of them.'),
      labels: [closed('result')],
      read: () => {
        const { opened, closed: ended, evicted } = ports().capture?.streams?.() ?? {};
        return parts({ opened, closed: ended, evicted });
      },
    },
    {
      spec: counter(
        'telegen_stream_losses',
        'Parts of payload that are missing: pieces without room in the ring, holes, first bytes without a connection.',
      ),
      labels: [closed('kind')],
      read: () => {
        const { lostPieces, holes, lostOrphans } = ports().capture?.streams?.() ?? {};
        return parts({ piece: lostPieces, hole: holes, orphan: lostOrphans });
      },
    },
  ];
}

function flows(ports: () => AgentPorts): Gauges[] {
  const sampling = () => ports().capture?.flows?.();
  return [
    {
      spec: counter(
        'telegen_flow_rounds',
        'Walks over open TCP connections for their counters, by result (done, failed).',
      ),
      labels: [closed('result')],
      read: () => parts({ done: sampling()?.rounds, failed: sampling()?.failures }),
    },
    {
      spec: counter('telegen_flow_samples', 'Counters read of TCP connections that had moved.'),
      read: () => one(sampling()?.flows),
    },
  ];
}

function lists(ports: () => AgentPorts): Gauges[] {
  const rows = (figure: 'ranges' | 'leftOut' | 'generation'): Rows =>
    (ports().capture?.lists?.figures() ?? []).map((table) => [
      [table.source, `ipv${table.family}`],
      table[figure],
    ]);
  const labels = [closed('source'), closed('family')];
  return [
    {
      spec: gauge(
        'telegen_kernel_list_ranges',
        'Ranges of addresses that the kernel side marks: of blocklists, and of shared scores above the threshold.',
      ),
      labels,
      read: () => rows('ranges'),
    },
    {
      spec: gauge(
        'telegen_kernel_list_left_out_ranges',
        'Ranges without room in the kernel: alerts are complete without them, marks are not.',
      ),
      labels,
      read: () => rows('leftOut'),
    },
    {
      spec: gauge('telegen_kernel_list_generation', 'Rises with each version that the kernel side got.'),
      labels,
      read: () => rows('generation'),
    },
    {
      spec: counter(
        'telegen_kernel_listed_connections',
        'Connections that began with a peer that the kernel side found on a list.',
      ),
      read: () => {
        const { capture } = ports();
        return one(capture?.lists === undefined ? undefined : capture.listed?.());
      },
    },
  ];
}

function eventLoop(loop: SelfFacts['loop']): Gauges[] {
  return [
    {
      spec: {
        ...gauge(
          'telegen_event_loop_lag_seconds',
          'Longest that a timer of the main thread was late in the last minute.',
        ),
        unit: 's',
      },
      read: () => one(loop === undefined ? undefined : loop.lagMs() / 1000),
    },
    {
      spec: {
        ...counter('telegen_event_loop_busy_seconds', 'Time in which the main thread was at work.'),
        unit: 's',
      },
      read: () => one(loop === undefined ? undefined : loop.busyMs() / 1000),
    },
  ];
}
