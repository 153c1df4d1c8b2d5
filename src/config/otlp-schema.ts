import { z } from 'zod';
import { METRICS_INTERVAL, OTLP_TIMEOUT, SERVICE_NAME } from './defaults.ts';
import {
  choice,
  duration,
  endpoint,
  flag,
  list,
  optionalPath,
  PATH_EXPECTS,
  section,
  text,
  words,
} from './leaf.ts';

/** What gRPC takes as a metadata name: `grpc-*` is its own and `*-bin` would carry binary values. */
const HEADER_NAME = /^(?![Gg][Rr][Pp][Cc]-)(?!.*-[Bb][Ii][Nn]$)[A-Za-z0-9_.-]+$/;
/** Printable ASCII: gRPC refuses anything else at send time. */
export const HEADER_VALUE = /^[\x20-\x7e]+$/;

const fromFile = z.strictObject({
  file: text(4096).meta({
    description: 'File that holds the value, such as a mounted secret',
    expects: PATH_EXPECTS,
  }),
});
const headerValue = z.union([z.string().max(65_536).regex(HEADER_VALUE), fromFile]).meta({
  expects: 'printable text in quotes, or {file: PATH} with the value in that file',
  secret: true,
});
const headers = z.record(z.string().max(256).regex(HEADER_NAME), headerValue).default({}).meta({
  active: true,
  expects: 'a mapping of header names to values; a value is text or {file: PATH}',
  description: 'Headers sent with every export, such as an API key. Masked in `telegen config print`.',
  secret: true,
});

const eventKind = z
  .literal(['connection', 'dns', 'http', 'grpc', 'tls', 'process', 'loss'])
  .meta({ expects: 'connection, dns, http, grpc, tls, process or loss' });

export const otlpSchema = section('Where alerts go: an OpenTelemetry Collector, as OTLP logs over gRPC', {
  endpoint: endpoint({
    active: true,
    description:
      'Collector to send to. http:// is plaintext, https:// is TLS; without a scheme it is TLS unless `otlp.insecure` is true. ' +
      'Unset: the standard OTEL_EXPORTER_OTLP_* variables decide; when these are unset too, alerts go to stdout as JSON lines.',
  }),
  headers,
  compression: choice(['none', 'gzip'], 'none', { active: true, description: 'Compression of exports.' }),
  timeout: duration(
    { min: '100ms', max: '5m', default: OTLP_TIMEOUT },
    { active: true, description: 'Time limit of one export.' },
  ),
  insecure: flag(false, {
    active: true,
    description: 'Plaintext for an endpoint without a scheme. There is never a silent fallback from TLS.',
  }),
  tls: section('TLS towards the collector. Not allowed with plaintext.', {
    ca_file: optionalPath({
      active: true,
      description: 'PEM certificates to trust instead of the system roots.',
    }),
    cert_file: optionalPath({
      active: true,
      description: 'PEM client certificate (mTLS); needs `key_file`.',
    }),
    key_file: optionalPath({
      active: true,
      description: 'PEM private key of the client certificate; needs `cert_file`.',
    }),
  }),
  events: list(eventKind, [], {
    active: true,
    of: 'kinds of events (connection, dns, http, grpc, tls, process, loss)',
    description:
      'Events sent as OTLP logs beside the alerts. They are given up first when the collector is slow.',
  }),
  spans: flag(false, {
    active: true,
    description: 'Send HTTP exchanges and gRPC calls as OTLP spans. Given up before alerts, too.',
  }),
  metrics: flag(false, {
    active: true,
    description:
      'Send the metrics of `agent.telemetry` as OTLP metrics (cumulative). Given up before alerts, too.',
  }),
  metrics_interval: duration(
    { min: '1s', max: '1h', default: METRICS_INTERVAL },
    { active: true, description: 'Time between two exports of metrics.' },
  ),
  service_name: words(SERVICE_NAME, { active: true, description: '`service.name` of the exported records.' }),
});
