import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OpenRules, openRules } from '../../../src/cli/rules/open-rules.ts';
import type { RulesConfig } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { connection } from '../../detectors/events.ts';

let folder = '';
let rules: OpenRules | undefined;
let words: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-reload-'));
  words = [];
});
afterEach(() => {
  rules?.close();
  rules = undefined;
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const say = (text: string): unknown => words.push(text);

async function open(config: Partial<RulesConfig> = {}): Promise<OpenRules> {
  const all = { ...loadConfig(undefined).config.rules, paths: [at('rules')], ...config };
  rules = (await openRules({
    config: all,
    viewpoint: 'host',
    watch: false,
    diagnostics: { info: say, warn: say },
  })) as OpenRules;
  return rules;
}

/** Rules that all match a connection to the port; each of a file of its own, with others around them. */
function write(version: number, { count = 40, field = 'DestinationPort', port = 4711 } = {}): void {
  const text = Array.from(
    { length: count },
    (_, n) => `title: v${version} ${n}
level: high
logsource: {category: network_connection, product: linux}
detection:
    wanted: {${field}: ${port}, Image|endswith: curl}
    other: {${field}: [${n + 1}, ${n + 2}], CommandLine|contains|all: [a${n}, b${version}]}
    condition: wanted or other
`,
  ).join('---\n');
  writeFileSync(at('rules'), text);
}

const event = connection({ path: '/usr/bin/curl', remote: '198.51.100.7 4711' });
const titles = ({ slot }: OpenRules): string[] => slot.inspect(event, []).map(({ body }) => body);

test('while rules are replaced every event is judged, by all rules of one version', async () => {
  const COUNT = 200;
  write(0, { count: COUNT });
  const open_ = await open();
  const seen = new Map<string, number>();
  let judged = 0;
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) {
      const found = titles(open_);
      const versions = new Set(found.map((title) => title.split(' ')[0]));
      if (found.length !== COUNT || versions.size !== 1)
        throw new Error(`${found.length} rules of ${[...versions].join()} judged an event`);
      const [version = ''] = versions;
      seen.set(version, (seen.get(version) ?? 0) + 1);
      judged++;
      await turn();
    }
  })();
  for (let version = 1; version <= 25; version++) {
    write(version, { count: COUNT });
    expect(await open_.reload()).toBe(true);
    // The new ones are in force when the promise says so.
    expect(titles(open_)[0]).toMatch(new RegExp(`^v${version} `));
  }
  isOver = true;
  await traffic;
  expect(judged).toBeGreaterThan(25);
  expect(seen.size).toBeGreaterThan(20);
  expect(open_.counters).toEqual({ reloads: 25, failedReloads: 0 });
});

test('a broken version leaves the old one in force, and says so once each time', async () => {
  write(0, { count: 2 });
  const open_ = await open();
  const told: string[] = [];
  open_.reportTo((message) => told.push(message));
  writeFileSync(at('rules'), 'title: [');
  expect(await open_.reload()).toBe(false);
  expect(titles(open_)).toEqual(['v0 0', 'v0 1']);
  expect(told).toEqual([expect.stringContaining(`${at('rules')}:1:`)]);
  write(1, { count: 2 });
  expect(await open_.reload()).toBe(true);
  expect(titles(open_)).toEqual(['v1 0', 'v1 1']);
  expect(open_.counters).toEqual({ reloads: 1, failedReloads: 1 });
});

test('pipelines are read anew with the rules; a broken one leaves everything as it was', async () => {
  const pipeline = at('pipeline.yml');
  const map = (to: string) =>
    writeFileSync(pipeline, `transformations:\n  - {type: field_name_mapping, mapping: {dport: ${to}}}\n`);
  write(0, { count: 1, field: 'dport' });
  map('SourcePort');
  const open_ = await open({ pipelines: [pipeline] });
  expect(titles(open_)).toEqual([]);
  map('DestinationPort');
  expect(await open_.reload()).toBe(true);
  expect(titles(open_)).toEqual(['v0 0']);
  writeFileSync(pipeline, 'transformations:\n  - {type: field_mapping}\n');
  expect(await open_.reload()).toBe(false);
  expect(words.at(-1)).toContain(`${pipeline}:2:12: no transformation is called "field_mapping"`);
  expect(titles(open_)).toEqual(['v0 0']);
});

test.each([
  ['no.yml', undefined, /no\.yml: there is no such file/],
  ['two.yml', 'a: 1\nb: [', /two\.yml:2:/],
  ['list.yml', '- 1\n', /list\.yml:1:1: a pipeline must be a mapping/],
])('a pipeline that is none stops the start: %s', async (name, text, message) => {
  write(0);
  if (text !== undefined) writeFileSync(at(name), text);
  await expect(open({ pipelines: [at(name)] })).rejects.toThrow(message);
});

test('a folder of pipelines', async () => {
  write(0, { count: 1, field: 'dport' });
  mkdirSync(at('pipelines'));
  writeFileSync(
    at('pipelines/a.yml'),
    'transformations: [{type: field_name_mapping, mapping: {dport: D}}]\n',
  );
  writeFileSync(
    at('pipelines/b.yml'),
    'priority: 9\ntransformations: [{type: field_name_suffix, suffix: estinationPort, field_name_conditions: [{type: include_fields, fields: [D]}]}]\n',
  );
  expect(titles(await open({ pipelines: [at('pipelines')] }))).toEqual(['v0 0']);
});
