import { expect, test } from 'vitest';
import { allFamilies, renderMetricsDocs } from '../../scripts/gen-metrics-docs.ts';
import { sampleName } from '../../src/telemetry/export/prometheus-text.ts';
import { read } from './markdown.ts';

test('docs/metrics.md is what scripts/gen-metrics-docs.ts writes', () => {
  expect(read('docs/metrics.md')).toBe(renderMetricsDocs());
});

test('names are legal and used once', () => {
  const names = allFamilies().map(({ spec }) => spec.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
});

test('each has a help that ends as a sentence, and units where the name has none', () => {
  for (const { spec } of allFamilies()) {
    expect(spec.help).toMatch(/[.]$/);
    if (spec.kind === 'histogram' && !spec.name.endsWith('_seconds') && !spec.help.includes('second'))
      throw new Error(`${spec.name}: the help does not say the unit`);
  }
});

test('the dashboard uses metrics that there are', () => {
  const known = new Set(
    allFamilies().flatMap(({ spec }) =>
      spec.kind === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((end) => spec.name + end)
        : [sampleName(spec)],
    ),
  );
  const board = JSON.parse(read('deploy/grafana-dashboard.json')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const used = board.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr)));
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

/** Words of an expression that are neither functions, labels nor keywords. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/\{[^}]*\}/g, '')
    .replace(/\b(?:by|without)\s*\([^)]*\)/g, '')
    .replace(/\[[^\]]*\]/g, '');
  return [...bare.matchAll(/\b[a-z][a-z0-9]*_[a-z0-9_]*\b(?!\s*\()/g)].map(([name]) => name);
}
