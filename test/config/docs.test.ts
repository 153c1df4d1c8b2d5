import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderConfigDocs } from '../../scripts/gen-config-docs.ts';
import { LEAVES } from '../../src/config/schema-tree.ts';
import { loadText } from './helpers.ts';

const docs = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');

test('docs/config.md is what scripts/gen-config-docs.ts writes', () => {
  expect(docs).toBe(renderConfigDocs());
});

test('each key has exactly one row', () => {
  const rows = docs.split('\n').flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? []);
  expect(rows.toSorted()).toEqual(LEAVES.map((leaf) => leaf.key).toSorted());
});

test('the example loads', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? 'no: example';
  const { config } = loadText(example, { '/etc/telegen/secrets/api-key': 'k' });
  expect(config.otlp).toMatchObject({
    endpoint: 'https://collector.example.com:4317',
    headers: { 'x-api-key': 'k' },
  });
});
