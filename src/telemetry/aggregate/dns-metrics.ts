import type { DnsEvent } from '../../model/event.ts';
import { FINE_BOUNDS } from './histogram.ts';
import { counter, histogram } from './instruments.ts';
import { dotted, type MetricSpec, open } from './metric.ts';
import type { NamingSet } from './naming.ts';
import type { Registry } from './registry.ts';

const QUERIES: MetricSpec = {
  name: 'telegen_dns_queries',
  kind: 'counter',
  unit: '{query}',
  help: 'DNS queries by domain and response code; TIMEOUT when nobody answered, none when that is not known.',
};
const LATENCY: MetricSpec = {
  name: 'telegen_dns_latency',
  kind: 'histogram',
  unit: 's',
  bounds: FINE_BOUNDS,
  help: 'Time from a DNS query to its response in seconds.',
};
const LOOKUP: MetricSpec = {
  name: 'dns_lookup_duration_seconds',
  otelName: 'dns.lookup.duration',
  kind: 'histogram',
  unit: 's',
  bounds: FINE_BOUNDS,
  help: 'Time from a DNS query to its response.',
};

/** Registers the DNS metrics of the naming; gives what counts one query. */
export function createDnsMetrics(registry: Registry, naming: NamingSet): (event: DnsEvent) => void {
  const domain = open('domain');
  const queries = naming.telegen
    ? counter(registry, QUERIES, { labels: [domain, open('response_code')] })
    : undefined;
  const latency = naming.telegen ? histogram(registry, LATENCY) : undefined;
  const lookup = naming.otel
    ? histogram(registry, LOOKUP, [dotted('dns.question.name'), dotted('error.type')])
    : undefined;
  return ({ dns, timeMs }) => {
    if (dns.outcome === 'unasked') return;
    const code = dns.outcome === 'timeout' ? 'TIMEOUT' : (dns.responseCode ?? '');
    queries?.([dns.questionName, code], timeMs, 1);
    if (dns.latencyMs === undefined) return;
    const sample = { value: dns.latencyMs / 1000 };
    latency?.([], timeMs, sample);
    lookup?.([dns.questionName, code === 'NOERROR' ? '' : code], timeMs, sample);
  };
}
