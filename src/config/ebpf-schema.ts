import * as leaf from './leaf.ts';

const urlPath = leaf.shaped({
  regex: /^[/*]/,
  max: 2048,
  expects: 'a path that starts with "/" or "*", such as "/health*"',
});
const headerName = leaf.shaped({
  regex: /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/,
  max: 256,
  expects: 'an HTTP header name, such as content-type',
});

/** Shown in `agent.network` and in `agent.ebpf.network` alike. */
export const includePorts = leaf.ports([], {
  active: true,
  description:
    'Telemetry only for these ports (either end); empty means all. Detection still sees every port.',
});

/** `agent.ebpf.network`. */
export const ebpfNetworkSchema = leaf.section('Protocol tracing and filters', {
  enabled: leaf.flag(true, {
    active: true,
    description:
      'HTTP, gRPC and TLS events. Off: decoded only for detectors and rules that ask for them (`agent.network.dns` has its own switch).',
  }),
  http: leaf.flag(true, { active: true, description: 'HTTP events (not those of gRPC calls).' }),
  grpc: leaf.flag(true, { active: true, description: 'Events of gRPC calls.' }),
  exclude_paths: leaf.list(urlPath, [], {
    active: true,
    of: 'URL paths (* matches any run of characters)',
    description:
      'No telemetry for HTTP requests and gRPC calls to these paths; the query string is ignored. Detection still sees them.',
  }),
  capture_headers: leaf.list(headerName, [], {
    active: true,
    of: 'HTTP header names',
    description: 'Request and response headers of HTTP and gRPC to report; secrets stay masked.',
  }),
  include_ports: includePorts,
  exclude_ports: leaf.ports([], {
    active: true,
    description:
      'No telemetry for these ports (either end); wins over `include_ports`. Detection still sees them.',
  }),
});
