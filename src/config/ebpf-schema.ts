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
  active: false,
  description:
    'Telemetry only for these ports (either end); empty means all. Detection still sees every port.',
});

/** `agent.ebpf.network`. */
export const ebpfNetworkSchema = leaf.section('Protocol tracing and filters', {
  enabled: leaf.flag(true, { active: false, description: 'Trace protocols on connections.' }),
  http: leaf.flag(true, { active: false, description: 'Trace HTTP.' }),
  grpc: leaf.flag(true, { active: false, description: 'Trace gRPC.' }),
  exclude_paths: leaf.list(urlPath, [], {
    active: false,
    of: 'URL paths (* matches any run of characters)',
    description: 'No telemetry for requests to these paths; the query string is ignored.',
  }),
  capture_headers: leaf.list(headerName, [], {
    active: false,
    of: 'HTTP header names',
    description: 'Request and response headers to report; secrets stay masked.',
  }),
  include_ports: includePorts,
  exclude_ports: leaf.ports([], {
    active: false,
    description:
      'No telemetry for these ports (either end); wins over `include_ports`. Detection still sees them.',
  }),
});
