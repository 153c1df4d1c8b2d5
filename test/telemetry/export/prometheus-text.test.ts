import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { counter, histogram } from '../../../src/telemetry/aggregate/instruments.ts';
import { open } from '../../../src/telemetry/aggregate/metric.ts';
import { createRegistry, type Registry } from '../../../src/telemetry/aggregate/registry.ts';
import { formatFor, renderMetrics } from '../../../src/telemetry/export/prometheus-text.ts';

function sample(): Registry {
  const registry = createRegistry();
  const requests = counter(
    registry,
    { name: 'requests', kind: 'counter', help: 'Says "so" with a \\ in it.' },
    { labels: [open('path')] },
  );
  requests(['/a"b\\c\nd'], 0, 2);
  requests([''], 0, 1);
  const spec = {
    name: 'took_seconds',
    kind: 'histogram',
    unit: 's',
    bounds: [0.5, 1],
    help: 'Time.',
  } as const;
  const took = histogram(registry, spec);
  const exemplar = {
    traceId: 'ab'.repeat(16),
    spanId: 'cd'.repeat(8),
    value: 0.7,
    timeMs: 1_700_000_000_123,
  };
  took([], 0, { value: 0.5 });
  took([], 0, { value: 0.7, exemplar });
  took([], 0, { value: 3, weight: 2 });
  const none = { name: 'none', kind: 'gauge', help: 'Has no series.' } as const;
  registry.observe({ spec: none, read: () => [] });
  registry.observe({
    spec: { name: 'odd', kind: 'gauge', help: 'Odd numbers.' },
    labels: [open('n')],
    read: () => [
      [['inf'], Number.POSITIVE_INFINITY],
      [['nan'], Number.NaN],
    ],
  });
  return registry;
}

/** Without the registry's own metrics. */
const families = (registry: Registry) =>
  registry.families.filter(({ spec }) => !spec.name.startsWith('telegen_'));

test('the Prometheus text format', () => {
  expect(renderMetrics(families(sample()), 'prometheus')).toBe(
    `# TYPE requests_total counter
# HELP requests_total Says "so" with a \\\\ in it.
requests_total{path="/a\\"b\\\\c\\nd"} 2
requests_total 1
# TYPE took_seconds histogram
# HELP took_seconds Time.
took_seconds_bucket{le="0.5"} 1
took_seconds_bucket{le="1"} 2
took_seconds_bucket{le="+Inf"} 4
took_seconds_sum 7.2
took_seconds_count 4
# TYPE odd gauge
# HELP odd Odd numbers.
odd{n="inf"} +Inf
odd{n="nan"} NaN
`,
  );
});

test('OpenMetrics: family names without _total, units, exemplars, an end', () => {
  expect(renderMetrics(families(sample()), 'openmetrics')).toBe(
    `# TYPE requests counter
# HELP requests Says \\"so\\" with a \\\\ in it.
requests_total{path="/a\\"b\\\\c\\nd"} 2
requests_total 1
# TYPE took_seconds histogram
# UNIT took_seconds seconds
# HELP took_seconds Time.
took_seconds_bucket{le="0.5"} 1
took_seconds_bucket{le="1.0"} 2 # {trace_id="${'ab'.repeat(16)}",span_id="${'cd'.repeat(8)}"} 0.7 1700000000.123
took_seconds_bucket{le="+Inf"} 4
took_seconds_sum 7.2
took_seconds_count 4
# TYPE odd gauge
# HELP odd Odd numbers.
odd{n="inf"} +Inf
odd{n="nan"} NaN
# EOF
`,
  );
});

test.each([
  [undefined, 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain;version=0.0.4;q=0.5', 'prometheus'],
  ['application/openmetrics-text;version=1.0.0,text/plain;q=0.5', 'openmetrics'],
])('Accept: %s gets %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

describe.skipIf(!promtool)('promtool (SKIP where the package prometheus is not installed)', () => {
  test('has no fault to find in the format', () => {
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: renderMetrics(families(sample()), 'prometheus'),
      encoding: 'utf8',
    });
    // Exit code 3 is about style of names only.
    expect([0, 3], stderr).toContain(status);
  });
});
