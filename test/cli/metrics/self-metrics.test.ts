import { expect, test } from 'vitest';
import { type AgentPorts, registerSelfMetrics } from '../../../src/cli/metrics/self-metrics.ts';
import { createRegistry } from '../../../src/telemetry/aggregate/registry.ts';
import { renderMetrics } from '../../../src/telemetry/export/prometheus-text.ts';

const NOW_MS = 1_700_000_100_000;

function lines(ports: AgentPorts): string[] {
  const registry = createRegistry();
  const loop = { lagMs: () => 40, busyMs: () => 2_500 };
  const facts = {
    version: '1',
    startMs: 0,
    ports: () => ports,
    http: () => undefined,
    loop,
    now: () => NOW_MS,
  };
  registerSelfMetrics(registry, facts);
  return renderMetrics(registry.families, 'prometheus').split('\n');
}

const list = {
  name: 'bad',
  file: '/x',
  role: 'block' as const,
  entries: 7,
  invalidLines: 3,
  generation: 4,
  loadedAtMs: NOW_MS,
  modifiedMs: NOW_MS - 60_000,
};

const capture: AgentPorts['capture'] = {
  hooks: [],
  counters: () => ({}),
  received: () => 0,
  pending: () => 0,
  malformed: () => 2,
  tables: () => [{ name: 'streams', entries: 5, max: 10 }],
  flows: () => ({ rounds: 3, failures: 1, sockets: 90, flows: 12 }),
  streams: () => ({
    opened: 9,
    closed: 6,
    evicted: 1,
    lostPieces: 4,
    repeatedBytes: 0,
    earlyPieces: 0,
    holes: 2,
    lostOrphans: 8,
  }),
};

test.each<[string, AgentPorts, string[]]>([
  [
    'tables, decoding and streams',
    { capture, contents: () => ({ dns: 5, tls_hello: 0 }) },
    [
      'telegen_table_entries{table="streams"} 5',
      'telegen_table_max_entries{table="streams"} 10',
      'telegen_decode_failures_total{kind="record"} 2',
      'telegen_decode_failures_total{kind="dns"} 5',
      'telegen_decode_failures_total{kind="tls_hello"} 0',
      'telegen_streams_total{result="opened"} 9',
      'telegen_streams_total{result="evicted"} 1',
      'telegen_stream_losses_total{kind="piece"} 4',
      'telegen_stream_losses_total{kind="hole"} 2',
      'telegen_stream_losses_total{kind="orphan"} 8',
      'telegen_flow_rounds_total{result="done"} 3',
      'telegen_flow_rounds_total{result="failed"} 1',
      'telegen_flow_samples_total 12',
      'telegen_event_loop_lag_seconds 0.04',
      'telegen_event_loop_busy_seconds_total 2.5',
    ],
  ],
  [
    'lists: entries, hits, age, generation, errors',
    {
      lists: () => [list, { ...list, name: 'new', modifiedMs: undefined, error: 'broken' }],
      listHits: () => new Map([['bad', 11]]),
      listErrors: () => new Map([['new', 2]]),
    },
    [
      'telegen_list_entries{list="bad"} 7',
      'telegen_list_hits_total{list="bad"} 11',
      'telegen_list_hits_total{list="new"} 0',
      'telegen_list_age_seconds{list="bad"} 60',
      'telegen_list_generation{list="bad"} 4',
      'telegen_list_failed{list="new"} 1',
      'telegen_list_errors_total{list="new"} 2',
      'telegen_list_errors_total{list="bad"} 0',
      'telegen_list_invalid_lines{list="bad"} 3',
    ],
  ],
  [
    'feeds',
    {
      feeds: () => [
        {
          name: 'drop',
          url: 'https://feeds.example.com/drop',
          confirmedMs: NOW_MS - 5_000,
          fetched: 1,
          unchanged: 2,
          failed: 3,
          error: undefined,
        },
      ],
    },
    [
      'telegen_feed_fetches_total{feed="drop",result="fetched"} 1',
      'telegen_feed_fetches_total{feed="drop",result="unchanged"} 2',
      'telegen_feed_fetches_total{feed="drop",result="failed"} 3',
      'telegen_feed_age_seconds{feed="drop"} 5',
    ],
  ],
  [
    'rules and reloads',
    {
      rules: () => ({ states: { loaded: 5, partial: 1, inert: 2, refused: 0 }, generation: 3 }),
      reloads: () => ({ rules: { done: 2, failed: 1 }, tuning: { done: 0, failed: 4 } }),
    },
    [
      'telegen_rules{state="loaded"} 5',
      'telegen_rules{state="refused"} 0',
      'telegen_rules_generation 3',
      'telegen_reloads_total{what="rules",result="done"} 2',
      'telegen_reloads_total{what="rules",result="failed"} 1',
      'telegen_reloads_total{what="tuning",result="failed"} 4',
    ],
  ],
  [
    'filters and suppressions',
    {
      telemetry: { offered: 9, shown: 4, withheld: { switched_off: 2, port: 3, path: 0 } },
      merger: {
        findings: 9,
        sent: 1,
        merged: 2,
        summaries: 0,
        overflowed: 0,
        suppressed: { backup: 5, 'a "b"': 1 },
        limited: 0,
      },
      delivery: () => ({
        file: { accepted: 3, delivered: 3, pending: 0, lost: {}, filtered: 6 },
      }),
    },
    [
      'telegen_telemetry_events_total{result="shown"} 4',
      'telegen_telemetry_events_total{result="switched_off"} 2',
      'telegen_telemetry_events_total{result="port"} 3',
      'telegen_suppressed_alerts_total{suppression="backup"} 5',
      'telegen_suppressed_alerts_total{suppression="a \\"b\\""} 1',
      'telegen_alerts_total{result="suppressed"} 6',
      'telegen_sink_alerts_total{sink="file",result="delivered"} 3',
      'telegen_sink_alerts_total{sink="file",result="filtered"} 6',
    ],
  ],
  [
    'the spool: depth, bytes, age',
    {
      delivery: () => ({ otlp: { accepted: 3, delivered: 0, pending: 1, spooled: 2, lost: {} } }),
      spools: () => [
        ['otlp', { bytes: 4_096, oldestMs: NOW_MS - 2_000 }],
        ['other', { bytes: 0 }],
      ],
    },
    [
      'telegen_sink_spooled{sink="otlp"} 2',
      'telegen_spool_bytes{sink="otlp"} 4096',
      'telegen_spool_age_seconds{sink="otlp"} 2',
      'telegen_spool_age_seconds{sink="other"} 0',
    ],
  ],
])('%s', (_, ports, expected) => {
  expect(lines(ports)).toEqual(expect.arrayContaining(expected));
});

test('what a part has not told yet has no series', () => {
  expect(
    lines({}).filter((line) => /^telegen_(list|feed|rules|reloads|spool|table|stream)/.test(line)),
  ).toEqual([]);
});
