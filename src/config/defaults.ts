/**
 * Networks that count as internal: private, shared, loopback, link-local, multicast, broadcast, unspecified.
 * Sources: RFC 1918, 6598 (carrier-grade NAT), 3927, 5771, 6890 for IPv4; RFC 4193, 4291 for IPv6.
 */
export const INTERNAL_NETWORKS: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/** Ports that common reverse shells and back doors listen on. */
export const SUSPICIOUS_PORTS: readonly number[] = [4444, 31337];

export const MERGE_WINDOW = '5m';
export const LISTEN_ADDRESS = '127.0.0.1';
export const LISTEN_PORT = 19_090;
export const SERIES_IDLE = '1h';
export const TOPOLOGY_WINDOW = '5m';
export const METRICS_INTERVAL = '15s';
export const OTLP_TIMEOUT = '10s';
export const SERVICE_NAME = 'telegen';
export const STATE_DIR = '/var/lib/telegen';
export const POD_LOGS_DIR = '/var/log/pods';

/** What `packet-rate` takes for unusual. Rates are per second. */
export const PACKET_RATE = {
  warmUp: '30s',
  startAfter: '2s',
  endAfter: '10s',
  updateInterval: '1m',
  acceptAfter: '30m',
  halfLife: '30m',
  ratio: 3,
  deviations: 6,
  floor: { packets: 2_000, syn: 100, udp: 1_000, icmp: 200, small: 2_000 },
} as const;

/** What `scan` takes for a scan. */
export const SCAN = {
  window: '5m',
  inboundPorts: 15,
  inboundHosts: 25,
  outboundPorts: 25,
  outboundHosts: 50,
  stealthProbes: 5,
  distributedSources: 20,
  distributedPorts: 50,
  slowWindow: '6h',
  slowTargets: 100,
  /** More than one a second for a minute: what probes readiness is slower. */
  stormAttempts: 75,
  stormWindow: '1m',
  maxTracked: 20_000,
  ignoreUdpPorts: [67, 68, 123, 137, 138, 546, 547, 1900, 5353, 5355],
  ignoreProcesses: ['/*/kubelet', '/kubelet'],
};

export const SPOOL = {
  /** Bytes: from 1 MiB to 1 TiB. */
  maxBytes: { default: 268_435_456, min: 1_048_576, max: 1_099_511_627_776 },
  maxAge: { default: '168h', min: '1m', max: '8760h' },
  fsyncInterval: { default: '10ms', min: '1ms', max: '1s' },
} as const;

/** `agent.resources`: percent of one processor, bytes from 64 MiB to 1 TiB, duration. */
export const RESOURCES = {
  cpuPercent: { default: 0, min: 0, max: 100_000 },
  memoryBytes: { default: 805_306_368, min: 67_108_864, max: 1_099_511_627_776 },
  lag: { default: '2s', min: '20ms', max: '1m' },
} as const;

export const HEARTBEAT = { default: '1h', min: '0s', max: '24h' } as const;
export const ALERT_FILE = {
  /** Bytes: from 64 KiB to 1 TiB. */
  maxBytes: { default: 67_108_864, min: 65_536, max: 1_099_511_627_776 },
  keep: { default: 5, min: 0, max: 1_000 },
} as const;

/** Bytes; the kernel wants a power of two of at least one page. */
export const RING_BUFFER_SIZE = { default: 16_777_216, min: 4096, max: 1_073_741_824 } as const;

/** Configuration files and header files beyond these sizes (bytes) are refused unread. */
export const MAX_CONFIG_BYTES = 1_048_576;
export const MAX_SECRET_BYTES = 65_536;
