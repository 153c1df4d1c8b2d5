import { LISTEN_ADDRESS, LISTEN_PORT, SERIES_IDLE, TOPOLOGY_WINDOW } from './defaults.ts';
import * as leaf from './leaf.ts';

/** `agent.telemetry`. */
export const telemetrySchema = leaf.section('Metrics and topology of what is seen', {
  enabled: leaf.flag(true, {
    active: true,
    description: 'Make metrics and topology out of events. Detection does not depend on it.',
  }),
  listen: leaf.section('HTTP: /metrics, /healthz, /readyz, /api/v1/*', {
    enabled: leaf.flag(true, { active: true, description: 'Answer HTTP requests.' }),
    address: leaf.address(LISTEN_ADDRESS, {
      active: true,
      description:
        'Address to listen on. Beyond loopback set `token_file` and TLS: who can reach it can read alerts.',
    }),
    port: leaf.portNumber(LISTEN_PORT, { active: true, description: 'Port to listen on.' }),
    token_file: leaf.optionalPath({
      active: true,
      description:
        'File with a token of at least 16 characters. Requests then need `Authorization: Bearer TOKEN`, but for /healthz and /readyz. Read again when it changes.',
    }),
    cert_file: leaf.optionalPath({
      active: true,
      description:
        'Certificate (PEM, with intermediates): TLS instead of plaintext. Read again when it changes.',
    }),
    key_file: leaf.optionalPath({ active: true, description: 'Private key of `cert_file` (PEM).' }),
  }),
  max_label_values: leaf.whole(
    { min: 1, max: 1_000_000, default: 1_000 },
    {
      active: true,
      description:
        'Values of each label that outside data feeds; further ones become `~other`, and are counted.',
    },
  ),
  max_series: leaf.whole(
    { min: 10, max: 1_000_000, default: 10_000 },
    {
      active: true,
      description: 'Series of one metric (a fifth for histograms); further ones become `~other`.',
    },
  ),
  series_idle: leaf.duration(
    { min: '1m', max: '168h', default: SERIES_IDLE },
    { active: true, description: 'A series that nothing touched for so long is dropped and makes room.' },
  ),
  topology_window: leaf.duration(
    { min: '30s', max: '24h', default: TOPOLOGY_WINDOW },
    { active: true, description: 'How far back the rates of the topology look.' },
  ),
});
