import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readRuleFiles } from '../../src/rule-files/read-files.ts';
import { createClasses, listClasses } from '../../src/rules/classes/index.ts';
import { NO_PORTS } from '../../src/rules/classes/ports.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { ruleJsonSchema } from '../../src/rules/json-schema.ts';
import { reportRules } from '../../src/rules/report.ts';
import { runRuleTests } from '../../src/rules/rule-tests.ts';
import { EVERYTHING } from '../../src/rules/selection.ts';
import { MODIFIERS } from '../../src/rules/syntax/modifiers.ts';

const folder = fileURLToPath(new URL('../../rules', import.meta.url));
const { files } = readRuleFiles([folder]);
const compiled = compileRules(files);
const report = reportRules(compiled, listClasses(createClasses(NO_PORTS, 'host')), {
  portableWindows: false,
});

describe('the shipped rules', () => {
  test('are about fifty, and all load without a warning', () => {
    expect(files.length).toBeGreaterThanOrEqual(45);
    expect(compiled.fileProblems).toEqual([]);
    expect(report.counts).toMatchObject({ partial: 0, inert: 0, refused: 0 });
    expect(
      compiled.documents.flatMap(({ problems, file }) =>
        problems.list.map(({ message }) => `${file}: ${message}`),
      ),
    ).toEqual([]);
  });

  test('pass their own tests, a positive and a negative one each', () => {
    const failed = runRuleTests(compiled).filter(({ ok }) => !ok);
    expect(failed.map(({ document, name, problem }) => `${document.key}: ${name}: ${problem}`)).toEqual([]);
  });

  test.each(compiled.documents.map((document) => [document.meta.name ?? '', document] as const))(
    '%s is complete',
    (name, { meta, file }) => {
      expect(meta.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(meta).toMatchObject({ status: 'test', author: 'telegen', level: expect.any(String) });
      expect(meta.tags.some((tag) => /^attack\.t\d{4}/.test(tag))).toBe(true);
      expect(meta.falsePositives.length).toBeGreaterThan(0);
      expect(meta.custom.blind_spots).toEqual(expect.arrayContaining([expect.any(String)]));
      expect(meta.description).toMatch(/\.$/);
      // The file is named for its rule; a correlation comes after the rule that it counts.
      expect([name, compiled.documents.findLast((each) => each.file === file)?.meta.name]).toContain(
        basename(file, '.yml'),
      );
    },
  );

  test('have a witness each: none is evaluated for every event', () => {
    const engine = createRuleEngine(compiled, {
      viewpoint: 'host',
      selection: EVERYTHING,
      portableWindows: false,
    });
    expect(engine.asks).toEqual(['dns', 'http', 'grpc', 'tls']);
    expect(engine.needsFlows).toBe(true);
  });
});

test('the JSON Schema names every modifier', () => {
  const text = JSON.stringify(ruleJsonSchema());
  for (const modifier of MODIFIERS) expect(text).toContain(modifier);
});
