import { FINE_BOUNDS } from './histogram.ts';
import { type Label, type MetricSpec, open } from './metric.ts';

export const FLOW_LABELS: readonly Label[] = [
  open('src_ip'),
  open('dst_ip'),
  open('dst_port'),
  open('k8s_src_pod'),
  open('k8s_dst_service'),
];

/** Per flow. */
export const FLOW = {
  rtt: {
    name: 'tcp_rtt_us',
    kind: 'gauge',
    unit: 'us',
    help: 'Latest smoothed round-trip time of the flow in microseconds.',
  },
  retransmits: {
    name: 'tcp_retransmits',
    kind: 'counter',
    unit: '{segment}',
    help: 'Segments that this host sent again, by flow.',
  },
  open: {
    name: 'tcp_connections',
    kind: 'gauge',
    unit: '{connection}',
    help: 'Connections open at this moment, by flow.',
  },
  opened: {
    name: 'tcp_connections_opened',
    kind: 'counter',
    unit: '{connection}',
    help: 'Connections opened, by flow.',
  },
  bytesSent: {
    name: 'tcp_bytes_sent',
    kind: 'counter',
    unit: 'By',
    help: 'Payload bytes from the source (the end that opened the connection) to the destination.',
  },
  bytesReceived: {
    name: 'tcp_bytes_received',
    kind: 'counter',
    unit: 'By',
    help: 'Payload bytes from the destination to the source.',
  },
} as const satisfies Record<string, MetricSpec>;

/** Of the whole host. */
export const HOST = {
  rtt: {
    name: 'telegen_tcp_rtt_seconds',
    otelName: 'telegen.tcp.rtt',
    kind: 'histogram',
    unit: 's',
    bounds: FINE_BOUNDS,
    help: 'Round-trip times of connections: of the handshake, and smoothed while they speak and at the end.',
  },
  retransmits: {
    name: 'telegen_tcp_retransmits',
    kind: 'counter',
    unit: '{segment}',
    help: 'TCP segments sent again.',
  },
  segments: {
    name: 'telegen_tcp_segments',
    kind: 'counter',
    unit: '{segment}',
    help: 'TCP segments sent, those sent again included.',
  },
  errors: {
    name: 'telegen_tcp_connection_errors',
    kind: 'counter',
    unit: '{connection}',
    help: 'Connections that could not be opened, or that a reset or a timeout ended, by reason.',
  },
  connections: {
    name: 'telegen_tcp_connections',
    kind: 'gauge',
    unit: '{connection}',
    help: 'Connections at this moment by state (connecting, established), client and server.',
  },
} as const satisfies Record<string, MetricSpec>;
