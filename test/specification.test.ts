import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { extractSpecification, type Specification } from '../scripts/extract-specification.ts';
import { allFamilies } from '../scripts/gen-metrics-docs.ts';
import { ATTR } from '../src/model/attributes.ts';
import type { MetricFamily } from '../src/telemetry/aggregate/metric.ts';
import { sampleName } from '../src/telemetry/export/prometheus-text.ts';
import { loadText } from './config/helpers.ts';

const facts = JSON.parse(
  readFileSync(new URL('./specification.json', import.meta.url), 'utf8'),
) as Specification;
const PAGE = new URL('../../shared/seed-network-observability.md', import.meta.url);
const page = existsSync(PAGE);

test.skipIf(!page)(
  `the facts are those of the page${page ? '' : ' (SKIP: the page is not beside this clone)'}`,
  () => {
    expect(facts).toEqual(extractSpecification(readFileSync(PAGE, 'utf8')));
  },
);

describe('configuration', () => {
  const at = (value: unknown, key: string): unknown =>
    key
      .split('.')
      .reduce<unknown>((inner, part) => (inner as Record<string, unknown> | undefined)?.[part], value);

  test.each(facts.configuration)(
    '$heading: loads, and every key takes effect as it stands',
    ({ yaml, values }) => {
      const { effective } = loadText(yaml);
      for (const [key, value] of Object.entries(values))
        expect([key, at(effective, key)]).toEqual([key, value]);
    },
  );

  test('there are 31 keys', () => {
    expect(new Set(facts.configuration.flatMap(({ values }) => Object.keys(values))).size).toBe(31);
  });
});

describe('metrics', () => {
  const families = allFamilies();
  const named = (name: string): MetricFamily | undefined =>
    families.find(({ spec }) =>
      [spec.name, spec.otelName, sampleName(spec)].includes(name.replace(/_bucket$/, '')),
    );

  test.each(facts.metrics)('%s is there', (name) => {
    expect(named(name)).toBeDefined();
  });

  test.each(Object.entries(facts.labels))('%s has the labels %j', (name, labels) => {
    const known = named(name)?.labels.map((label) => label.name) ?? [];
    const implicit = name.endsWith('_bucket') ? ['le'] : [];
    expect([...known, ...implicit]).toEqual(expect.arrayContaining([...labels]));
  });
});

test.each(facts.attributes)('%s is a name that leaves telegen', (name) => {
  const names: readonly string[] = Object.values(ATTR);
  expect(names).toContain(name);
});
