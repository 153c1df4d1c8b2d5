import { writeFileSync } from 'node:fs';
import { registerSelfMetrics } from '../src/cli/metrics/self-metrics.ts';
import { createAggregator } from '../src/telemetry/aggregate/aggregator.ts';
import type { MetricFamily } from '../src/telemetry/aggregate/metric.ts';
import { createRegistry } from '../src/telemetry/aggregate/registry.ts';
import { sampleName } from '../src/telemetry/export/prometheus-text.ts';

const INTRO = `<!-- Generated from the registered metrics by scripts/gen-metrics-docs.ts; edit those, or the text there. -->
# Metrics

telegen listens on \`http://127.0.0.1:19090\` unless [\`agent.telemetry.listen\`](config.md) says otherwise.

| Path | Answers |
| --- | --- |
| \`/metrics\` | all metrics below: Prometheus text format 0.0.4, or OpenMetrics 1.0 with exemplars when asked for it |
| \`/healthz\` | 200 while the program runs |
| \`/readyz\` | 200 when the kernel hooks are attached and the watched cgroup is there, else 503 with the reason; the state of each hook |
| \`/api/v1/topology\` | who talks to whom, see [topology.md](topology.md) |
| \`/api/v1/alerts?limit=N\` | the latest alerts, newest first; at most 1,000 are kept |
| \`/api/v1/status\` | version, hooks, records, sinks, lists and the reading of the Kubernetes API, as JSON |

Nothing can be changed. With \`token_file\` all but \`/healthz\` and \`/readyz\` need \`Authorization: Bearer TOKEN\`; with
\`cert_file\` and \`key_file\` telegen speaks TLS. On loopback only requests to \`localhost\` or an IP address are
answered, so that no web page can read it through a browser. At most 64 connections and 8 answers at once; whoever takes longer
than 10 s for a request or an answer is cut off.

\`\`\`yaml
scrape_configs:
  - job_name: telegen
    static_configs: [{ targets: ["127.0.0.1:19090"] }]
\`\`\`

\`otlp.metrics: true\` sends the same metrics to the collector of the alerts every \`otlp.metrics_interval\` (15 s), as OTLP over gRPC:
cumulative sums, at most 2,000 points a message. Nothing waits: what an export that failed should have carried is in the
next one. While 512 alerts or more wait, metrics give way; \`telegen_metric_exports_total\` counts all of it.

A [Grafana dashboard](../deploy/grafana-dashboard.json) shows the host, its services and telegen itself.
\`telegen replay --output metrics FILE...\` prints the metrics of a capture.

## How to read them

- **Names.** OpenTelemetry's instrument names are used over OTLP; in Prometheus counters end in \`_total\`.
- **Caps.** A label that outside data feeds has at most \`agent.telemetry.max_label_values\` values (1,000); what comes later is
  counted under \`~other\`, and each such measurement in \`telegen_metric_folds_total\`. A metric has at most
  \`max_series\` series (10,000; a fifth for histograms). Values are cut after 256 characters.
- **Idle series** go after \`series_idle\` (1 h) and make room. A counter that comes back begins at zero again, which
  \`rate()\` takes for what it is: a restart.
- **Sampling.** With \`agent.network.tcp.sample_rate: N\` the TCP metrics look at 1 in N connections, chosen by a hash, and
  multiply by N; connections with a peer that a blocklist names are never left out, and count once.
  \`telegen_sample_rate\` says N. Detection and topology see every connection.
- **Both ends on this host.** \`tcp_*\`, \`telegen_tcp_connections\` and the topology count such a connection once, as its client
  tells it. \`telegen_tcp_segments_total\`, \`telegen_tcp_retransmits_total\` and \`telegen_tcp_rtt_seconds\` are about sockets: both
  ends count.
- **Flows.** \`src_ip\` is the end that opened the connection, \`dst_ip\` and \`dst_port\` the end that listened. Bytes, segments and
  retransmissions of open connections are read from their sockets every 5 s, also of those older than telegen, which are counted from
  its start on. That needs BTF; without it they are counted when a connection ends.
- **Names of services** are what keeps the pod running (a Deployment and the like), else the pod, else the container, else the
  process; of ends elsewhere the Kubernetes service that was asked or the pod, else the name that this host resolved for the
  address, else the address. \`k8s_src_pod\` and \`k8s_dst_service\` are told by [Kubernetes](kubernetes.md).
- \`status_code\` is empty for a request that was never answered, \`response_code\` is \`TIMEOUT\` for a query that was not.
- **Exemplars** carry the trace of the request's \`traceparent\` header.
- \`semantic_conventions: otel\` replaces the \`http_*\`, \`rpc_*\` and \`telegen_dns_*\` metrics by those under OpenTelemetry's names; \`both\`
  gives all.
`;

const GROUPS: readonly (readonly [title: string, fits: (name: string) => boolean])[] = [
  ['TCP', (name) => name.includes('tcp_')],
  ['HTTP and gRPC', (name) => /^(http|rpc)_/.test(name)],
  ['DNS', (name) => name.includes('dns_')],
  ['Topology', (name) => name.startsWith('traces_')],
  ['Packets', (name) => name.startsWith('telegen_xdp_')],
  ['telegen itself', () => true],
];

/** Every metric there is, whatever the configuration. */
export function allFamilies(): readonly MetricFamily[] {
  const registry = createRegistry();
  createAggregator({
    registry,
    tcp: { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 1 },
    naming: 'both',
    windowMs: 1,
    isInternal: () => true,
  });
  registerSelfMetrics(registry, { version: '', startMs: 0, ports: () => ({}), http: () => undefined });
  return registry.families;
}

/** The text of docs/metrics.md. */
export function renderMetricsDocs(): string {
  let left = allFamilies();
  const sections = GROUPS.map(([title, fits]) => {
    const group = left.filter(({ spec }) => fits(spec.name));
    left = left.filter((family) => !group.includes(family));
    return `## ${title}\n\n| Prometheus | OTLP | Type | Labels | Meaning |\n| --- | --- | --- | --- | --- |\n${group.map(row).join('\n')}\n`;
  });
  return [INTRO, ...sections].join('\n');
}

function row({ spec, labels }: MetricFamily): string {
  const names = labels.map(({ name }) => `\`${name}\``).join(', ');
  const unit = spec.unit === undefined ? '' : ` [${spec.unit}]`;
  return `| \`${sampleName(spec)}\` | \`${spec.otelName ?? spec.name}\`${unit} | ${spec.kind} | ${names || '-'} | ${spec.help} |`;
}

if (import.meta.main) writeFileSync(new URL('../docs/metrics.md', import.meta.url), renderMetricsDocs());
