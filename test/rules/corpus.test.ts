import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readRuleFiles } from '../../src/rule-files/read-files.ts';
import { createClasses, listClasses } from '../../src/rules/classes/index.ts';
import { NO_PORTS } from '../../src/rules/classes/ports.ts';
import { type CompiledRule, compileRules } from '../../src/rules/compile.ts';
import { createGenericMatcher } from '../../src/rules/generic-events.ts';
import { reportRules } from '../../src/rules/report.ts';
import { createRandom, type Fields, guessEvent } from '../support/rule-events.ts';

const CORPUS = fileURLToPath(new URL('../../../shared/sigma-corpus', import.meta.url));
const present = existsSync(CORPUS);
if (!present) process.stderr.write(`SKIP test/rules/corpus.test.ts: ${CORPUS} is not there\n`);

/** Texts that the regular expressions of the corpus match. */
const SAMPLES: Readonly<Record<string, string>> = {
  '[a-f0-9]{4,8}\\.(?:[a-z0-9\\-]+\\.){2}[a-z0-9\\-]+': 'abcd1234.www.example.com',
  '\\?d=[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}': '?d=192.0.2.1',
  '\\.(zip|asp|htm|url|xml|chm|mht|vbs|search-ms)\\?d=[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}':
    '.zip?d=192.0.2.1',
  '.{150}': 'x'.repeat(150),
  '-[a-z0-9]{3}\\.[a-z0-9-]{3,}-s-account\\.workers\\.dev|\\.up\\.railway\\.app': '.up.railway.app',
  '(?i)(ipfs\\.io/|ipfs\\.io\\s).+\\..+@.+\\.[a-z]+': 'IPFS.io/a.b@example.com',
};

function load(portableWindows: boolean) {
  const { files } = readRuleFiles([CORPUS]);
  const compiled = compileRules(files);
  return reportRules(compiled, listClasses(createClasses(NO_PORTS, 'host')), { portableWindows });
}

describe.skipIf(!present)('the public corpus', () => {
  const report = present ? load(false) : undefined;
  const loaded = (report?.documents ?? []).filter(({ state }) => state === 'loaded');
  const rules = loaded.map(({ document }) => document as CompiledRule);
  const rulesFor = createGenericMatcher(rules);

  test('loads 170 rules, and refuses the others for stated reasons', () => {
    expect(report?.counts.loaded).toBeGreaterThanOrEqual(170);
    for (const { state, reason } of report?.documents ?? [])
      if (state !== 'loaded') expect(reason).toMatch(/\w/);
  });

  test('refuses nothing but excluded statuses and unresolved placeholders', () => {
    const refused = report?.documents.filter(({ state }) => state === 'refused') ?? [];
    const reasons = new Set(refused.map(({ reason }) => reason?.replace(/"[^"]*"/, '""')));
    expect([...reasons].toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'no list is named ""; give it to the rules as a placeholder',
      'rules of status "" are not loaded',
    ]);
  });

  test('portable mode loads rules for Windows that hold everywhere', () => {
    const portable = load(true);
    expect(portable.counts.loaded).toBeGreaterThanOrEqual(210);
    expect(portable.documents.filter(({ route }) => route?.portable === true).length).toBeGreaterThanOrEqual(
      40,
    );
  });

  test('every loaded rule has a witness', () => {
    const sources = new Map(rules.map(({ logsource }) => [JSON.stringify(logsource), logsource]));
    const open = [...sources.values()].flatMap((logsource) => {
      const { index, rules: own } = rulesFor(logsource);
      return index.unwitnessed.map((number) => own[number]?.meta.title);
    });
    // The first asks for nothing but that an address is not private, the second has no literal of two characters.
    expect(open).toEqual(['Publicly Accessible RDP Service', 'Suspicious Network Communication With IPFS']);
  });

  test.each(rules.map((rule) => [rule.meta.title, rule] as const))('%s: fires, and does not', (_, rule) => {
    const { index, rules: own } = rulesFor(rule.logsource);
    const number = own.indexOf(rule);
    const fires = (fields: Fields): boolean => {
      const event = { logsource: rule.logsource, fields };
      const found = index.match(event).includes(number);
      expect(index.matchPlainly(event).includes(number)).toBe(found);
      return found;
    };
    const random = createRandom(1);
    let event: Fields | undefined;
    for (let attempt = 0; attempt < 300 && event === undefined; attempt++) {
      const guess = guessEvent(rule.expression, random, SAMPLES);
      if (fires(guess)) event = guess;
    }
    expect(event, 'an event that fires').toBeDefined();
    expect(
      nearMisses(event as Fields).some((near) => !fires(near)),
      'an event that does not',
    ).toBe(true);
  });
});

/** The event with one field gone, or of another value. */
function nearMisses(event: Fields): readonly Fields[] {
  return Object.keys({ ...event, 'id.orig_h': 0 }).flatMap((name) => {
    const { [name]: _, ...rest } = event;
    return [
      rest,
      { ...event, [name]: 'something else' },
      { ...event, [name]: 0 },
      { ...event, [name]: '10.0.0.1' },
    ];
  });
}
