import { z } from 'zod';
import { RING_BUFFER_SIZE } from './defaults.ts';
import { includePorts } from './ebpf-schema.ts';
import * as leaf from './leaf.ts';
import { securitySchema } from './security-schema.ts';

const SAMPLE = { min: 1, max: 4_294_967_295, default: 1 } as const;

const interfaceName = leaf.shaped({
  regex: /^[^/\s:]+$/,
  max: 64,
  expects: 'an interface name or glob, such as eth0 or "veth*"',
});
const protocol = z.literal(['tcp', 'udp', 'icmp', 'icmpv6']).meta({ expects: 'tcp, udp, icmp or icmpv6' });

const routePattern = leaf.shaped({
  regex: /^\/[^\s*?#]*\*?$/,
  max: 1024,
  expects: 'a path that starts with "/", such as "/users/{id}" or "/files/*"',
});

const dns = leaf.section('DNS tracing', {
  enabled: leaf.flag(true, {
    active: true,
    description:
      'DNS events, and names for addresses out of the answers seen. Off: decoded only for detectors and rules that ask for DNS.',
  }),
  capture_queries: leaf.flag(true, {
    active: true,
    description: 'Report questions. Off: nothing of a question that got no response.',
  }),
  capture_responses: leaf.flag(true, {
    active: true,
    description:
      'Report responses and match them to their questions. Off: questions alone, without code, answers and latency.',
  }),
  capture_content: leaf.flag(true, {
    active: true,
    description: 'Include answer records, not only names and codes.',
  }),
});

const tcp = leaf.section('TCP metrics', {
  enabled: leaf.flag(true, { active: true, description: 'Measure TCP connections.' }),
  rtt: leaf.flag(true, { active: true, description: 'Round-trip times.' }),
  retransmits: leaf.flag(true, { active: true, description: 'Retransmission counts.' }),
  connection_tracking: leaf.flag(true, { active: true, description: 'Connection counts and states.' }),
  sample_rate: leaf.whole(SAMPLE, {
    active: true,
    description: 'Telemetry of 1 in N connections; never affects detection.',
  }),
});

const xdp = leaf.section('XDP packet analysis', {
  enabled: leaf.flag(false, {
    active: true,
    description: 'Count the packets on network interfaces, and tell of probes.',
  }),
  mode: leaf.choice(['auto', 'native', 'generic', 'tc'], 'auto', {
    active: true,
    description:
      'Where packets are seen: `auto` is XDP at the driver of a network card (`native`) and TC on virtual interfaces, where native XDP would cost segmentation offload; outbound is always TC.',
  }),
  sample_rate: leaf.whole(
    { ...SAMPLE, default: 1000 },
    {
      active: true,
      description: 'Look into 1 in N packets, for what they say. All packets are counted, whatever this is.',
    },
  ),
  interfaces: leaf.list(interfaceName, [], {
    active: true,
    of: 'interface names or globs',
    description:
      'Interfaces to attach to; empty means all that are monitored (`interfaces`), but loopback only where it is named.',
  }),
  filters: leaf.section('Which packets to look at', {
    ports: leaf.ports([], {
      active: true,
      description:
        'Only these ports (either end); empty means all. Others are counted by protocol alone, so that floods are still seen.',
    }),
    protocols: leaf.list(protocol, [], {
      active: true,
      of: 'protocols (tcp, udp, icmp, icmpv6)',
      description: 'Only these protocols; empty means all. Others are counted by protocol alone.',
    }),
  }),
});

/** `agent.network`. */
export const networkSchema = leaf.section('Network observability', {
  dns,
  tcp,
  xdp,
  http: leaf.section('Limits of HTTP capture', {
    max_body_capture: leaf.whole(
      { min: 0, max: 65_536, default: 0 },
      {
        active: true,
        description:
          'Bytes of each HTTP body to report, from its beginning, when it is text; credentials stay masked. 0 captures none.',
      },
    ),
    max_headers: leaf.whole(
      { min: 0, max: 256, default: 32 },
      { active: true, description: 'Header fields of `capture_headers` to report per message.' },
    ),
    route: leaf.section('Which requests count as one route', {
      patterns: leaf.list(routePattern, [], {
        active: true,
        of: 'route patterns',
        description:
          'Routes, tried in this order: `{name}` stands for one segment of a path, `*` at the end for any rest.',
      }),
      infer: leaf.flag(true, {
        active: true,
        description: 'Without a pattern that fits, put `{id}` where a path has a number, a UUID or the like.',
      }),
      max_per_service: leaf.whole(
        { min: 1, max: 1000, default: 100 },
        {
          active: true,
          description: 'Inferred routes that one service may have; further ones are told as `/*`.',
        },
      ),
    }),
  }),
  interfaces: leaf.list(interfaceName, [], {
    active: true,
    of: 'interface names or globs',
    description:
      'Look only at connections whose local address belongs to these; addresses of other network namespaces (containers) are always looked at. Empty means all.',
  }),
  exclude_interfaces: leaf.list(interfaceName, [], {
    active: true,
    of: 'interface names or globs',
    description: 'Never look at these; wins over `interfaces` and removes their traffic from detection, too.',
  }),
  include_ports: includePorts,
  security: securitySchema,
  ring_buffer_size: leaf.powerOfTwoBytes(RING_BUFFER_SIZE, {
    active: true,
    description:
      'Size of each kernel ring buffer in bytes (a kernel with 64 KiB pages needs at least 65536).',
  }),
});
