import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rulesMatch } from '../../../src/cli/rules/match.ts';

const RULE = `title: Names under bad.example
id: 11111111-1111-4111-8111-111111111111
logsource: { category: dns }
detection:
  names: { query|endswith: .bad.example }
  condition: names
level: high
`;
const EVENTS = [
  '{"logsource":{"category":"dns"},"fields":{"query":"c2.bad.example"}}',
  '{"logsource":{"category":"dns"},"fields":{"query":"www.example.com"}}',
  '{"logsource":',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-match-'));
  writeFileSync(join(folder, 'rule.yml'), RULE);
  writeFileSync(join(folder, 'events.jsonl'), `${EVENTS.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function match(format: 'text' | 'json'): Promise<{ lines: string[]; code: number }> {
  const out = new PassThrough();
  const printed = text(out);
  const diagnostics = { info: () => {}, warn: () => {}, error: () => {} };
  const command = { events: join(folder, 'events.jsonl'), format };
  const code = await rulesMatch([folder], command, { out, diagnostics });
  out.end();
  return { lines: (await printed).trimEnd().split('\n'), code };
}

test('a line of JSON for each event, and one that is none says so', async () => {
  const { lines, code } = await match('json');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { line: 1, rules: ['11111111-1111-4111-8111-111111111111'] },
    { line: 2, rules: [] },
    { line: 3, rules: [], error: expect.stringContaining('JSON') as string },
  ]);
  expect(code).toBe(1);
});

test('the same to read', async () => {
  const { lines } = await match('text');
  expect(lines.slice(0, 2)).toEqual(['1: 11111111-1111-4111-8111-111111111111', '2: none']);
  expect(lines[2]).toMatch(/^3: no event: /);
});
