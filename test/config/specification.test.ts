import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { setLeaves } from '../../src/config/inactive.ts';
import { loadText } from './helpers.ts';

/** Every `agent:` block of the specification page, by its heading, with what it must come to. */
const BLOCKS: readonly { heading: string; yaml: string; network: object }[] = [
  {
    heading: 'DNS Tracing',
    yaml: `
agent:
  network:
    dns:
      enabled: true
      capture_queries: true
      capture_responses: true
      
      # Capture query/response content
      capture_content: true
`,
    network: { dns: { enabled: true, captureQueries: true, captureResponses: true, captureContent: true } },
  },
  {
    heading: 'TCP Metrics',
    yaml: `
agent:
  network:
    tcp:
      enabled: true
      rtt: true
      retransmits: true
      connection_tracking: true
      
      # Flow sampling (1 in N connections)
      sample_rate: 1  # Capture all
`,
    network: {
      tcp: { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 1 },
    },
  },
  {
    heading: 'HTTP/gRPC Tracing',
    yaml: `
agent:
  ebpf:
    network:
      enabled: true
      http: true
      grpc: true
      
      # URL/path filtering
      exclude_paths:
        - "/health"
        - "/healthz"
        - "/ready"
        - "/metrics"
        - "/favicon.ico"
      
      # Capture request/response headers
      capture_headers:
        - "content-type"
        - "user-agent"
        - "x-request-id"
`,
    network: {
      enabled: true,
      http: {
        enabled: true,
        excludePaths: ['/health', '/healthz', '/ready', '/metrics', '/favicon.ico'],
        captureHeaders: ['content-type', 'user-agent', 'x-request-id'],
      },
      grpc: { enabled: true },
    },
  },
  {
    heading: 'XDP Packet Analysis',
    yaml: `
agent:
  network:
    xdp:
      enabled: true
      
      # Sample rate (1 in N packets)
      sample_rate: 1000  # 0.1% of packets
      
      # Interfaces to attach
      interfaces:
        - eth0
        - eth1
      
      # Packet filters
      filters:
        # Only specific ports
        ports:
          - 80
          - 443
          - 8080
        
        # Only specific protocols
        protocols:
          - tcp
          - udp
`,
    network: {
      xdp: {
        enabled: true,
        sampleRate: 1000,
        interfaces: ['eth0', 'eth1'],
        ports: [80, 443, 8080],
        protocols: ['tcp', 'udp'],
      },
    },
  },
  {
    heading: 'Interface Filtering',
    yaml: `
agent:
  network:
    # Include specific interfaces
    interfaces:
      - eth0
      - ens5
    
    # Or exclude interfaces
    exclude_interfaces:
      - lo        # Loopback
      - docker0   # Docker bridge
      - veth*     # Container veths
`,
    network: { interfaces: ['eth0', 'ens5'], excludeInterfaces: ['lo', 'docker0', 'veth*'] },
  },
  {
    heading: 'Port Filtering',
    yaml: `
agent:
  ebpf:
    network:
      # Only trace these ports
      include_ports:
        - 80
        - 443
        - 8080
        - 3000
        - 5432
        - 6379
      
      # Or exclude ports
      exclude_ports:
        - 22    # SSH
        - 2379  # etcd
        - 2380  # etcd peer
`,
    network: { includePorts: [80, 443, 8080, 3000, 5432, 6379], excludePorts: [22, 2379, 2380] },
  },
  {
    heading: 'Network Security',
    yaml: `
agent:
  network:
    security:
      enabled: true
      
      # Detect connections to unusual ports
      suspicious_ports:
        - 4444   # Common reverse shell
        - 31337  # Elite port
      
      # Detect connections to external IPs
      external_connection_alerts: true
      
      # Known bad IP lists
      blocklists:
        - "/etc/telegen/ip-blocklist.txt"
`,
    network: {
      security: {
        enabled: true,
        suspiciousPorts: [4444, 31337],
        externalConnectionAlerts: true,
        blocklists: ['/etc/telegen/ip-blocklist.txt'],
      },
    },
  },
  {
    heading: 'Reducing Overhead',
    yaml: `
agent:
  network:
    # Reduce ring buffer size
    ring_buffer_size: 8388608  # 8MB instead of 16MB
    
    # Increase sampling
    tcp:
      sample_rate: 10  # 1 in 10 connections
    
    # Limit captured data
    http:
      max_body_capture: 0  # Don't capture bodies
      max_headers: 5       # Limit headers
`,
    network: {
      ringBufferBytes: 8_388_608,
      tcp: { sampleRate: 10 },
      http: { maxBodyCaptureBytes: 0, maxHeaders: 5 },
    },
  },
  {
    heading: 'Filter Noisy Traffic',
    yaml: `
agent:
  ebpf:
    network:
      exclude_paths:
        - "/health*"
        - "/ready*"
        - "/metrics"
      exclude_ports:
        - 2379  # etcd
        - 10250 # kubelet
`,
    network: { http: { excludePaths: ['/health*', '/ready*', '/metrics'] }, excludePorts: [2379, 10250] },
  },
  {
    heading: 'Use Appropriate Sampling',
    yaml: `
agent:
  network:
    tcp:
      sample_rate: 100  # 1% of connections
    xdp:
      sample_rate: 10000  # 0.01% of packets
`,
    network: { tcp: { sampleRate: 100 }, xdp: { sampleRate: 10_000 } },
  },
  {
    heading: 'Monitor Key Services',
    yaml: `
agent:
  network:
    include_ports:
      - 80    # HTTP
      - 443   # HTTPS
      - 5432  # PostgreSQL
      - 6379  # Redis
`,
    network: { includePorts: [80, 443, 5432, 6379] },
  },
];

describe('the specification page', () => {
  test.each(BLOCKS)('$heading', ({ yaml, network }) => {
    expect(loadText(yaml).config.network).toMatchObject(network);
  });

  test('its 31 keys are all keys of the schema', () => {
    const keys = new Set(BLOCKS.flatMap(({ yaml }) => setLeaves(parse(yaml)).map((leaf) => leaf.key)));
    expect(keys.size).toBe(31);
  });

  test('all of it is active', () => {
    const inactive = BLOCKS.filter(({ yaml }) => loadText(yaml).inactive.length > 0).map(
      ({ heading }) => heading,
    );
    expect(inactive).toEqual([]);
  });
});
