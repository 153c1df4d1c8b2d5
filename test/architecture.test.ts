import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { importsOf, MAX_LINES, PURE, readTree, type SourceFile, violations } from './support/architecture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = readTree(`${root}/src`);

describe('src', () => {
  test('keeps the rules of ARCHITECTURE.md', () => {
    expect(violations(files)).toEqual([]);
  });

  test('was read: a file is there, and an arrow that is known', () => {
    const engine = files.find(({ path }) => path === 'pipeline/engine.ts');
    expect(importsOf(engine as SourceFile)).toContainEqual({
      specifier: '../alerts/deliver.ts',
      typeOnly: true,
      line: expect.any(Number),
    });
  });

  test("the pure folders compile without Node's types", () => {
    expect(compilePure([])).toBe('');
  });
});

describe('the checker', () => {
  const model: SourceFile = { path: 'model/event.ts', text: 'export const a = 1;\n' };
  const caught: readonly (readonly [string, Record<string, string>, string])[] = [
    [
      'upward',
      { 'net/a.ts': "import { x } from '../detectors/b.ts';", 'detectors/b.ts': '' },
      'net/a.ts:1: upward import of detectors/b.ts',
    ],
    [
      'upward, types only',
      { 'net/a.ts': "\nimport type { X } from '../cli/b.ts';", 'cli/b.ts': '' },
      'net/a.ts:2: upward import of cli/b.ts',
    ],
    [
      'upward re-export',
      { 'net/a.ts': "export * from '../cli/b.ts';", 'cli/b.ts': '' },
      'net/a.ts:1: upward import of cli/b.ts',
    ],
    [
      'upward re-export of types',
      { 'net/a.ts': "export type { B } from '../cli/b.ts';", 'cli/b.ts': '' },
      'net/a.ts:1: upward import of cli/b.ts',
    ],
    [
      'upward, while running',
      { 'config/a.ts': "const b = await import( '../main.ts');", 'main.ts': '' },
      'config/a.ts:1: upward import of main.ts',
    ],
    [
      'upward, for its effect',
      { 'model/a.ts': "import '../net/b.ts';", 'net/b.ts': '' },
      'model/a.ts:1: upward import of net/b.ts',
    ],
    [
      'over several lines',
      { 'net/a.ts': "import {\n  b, // '\n  type C,\n} from '../cli/b.ts';", 'cli/b.ts': '' },
      'net/a.ts:1: upward import of cli/b.ts',
    ],
    [
      'sideways',
      { 'enrich/a.ts': "import * as b from '../config/b.ts';", 'config/b.ts': '' },
      'enrich/a.ts:1: sideways import of config/b.ts',
    ],
    [
      'sideways, types only',
      { 'telemetry/export/a.ts': "import type { B } from '../../alerts/b.ts';", 'alerts/b.ts': '' },
      'telemetry/export/a.ts:1: sideways import of alerts/b.ts',
    ],
    [
      'sideways in the core',
      { 'rules/a.ts': "import { b } from '../detectors/b.ts';", 'detectors/b.ts': '' },
      'rules/a.ts:1: sideways import of detectors/b.ts',
    ],
    [
      'a cycle',
      { 'net/a.ts': "import { b } from './b.ts';", 'net/b.ts': "import { type A } from './a.ts';" },
      'net/a.ts:1: cycle of imports: net/a.ts -> net/b.ts -> net/a.ts',
    ],
    [
      'a file that imports itself',
      { 'net/a.ts': "import { b } from './a.ts';" },
      'net/a.ts:1: cycle of imports: net/a.ts -> net/a.ts',
    ],
    [
      'node: in the core',
      { 'net/a.ts': "import { isIP } from 'node:net';" },
      'net/a.ts:1: pure, but imports node:net',
    ],
    [
      'a package in the core',
      { 'rules/a.ts': "import type { Z } from 'zod';" },
      'rules/a.ts:1: pure, but imports zod',
    ],
    [
      'the package of another pure folder',
      { 'protocols/a.ts': "import { RE2JS } from 're2js';" },
      'protocols/a.ts:1: pure, but imports re2js',
    ],
    ['a computed import', { 'cli/a.ts': 'await import(name);' }, 'cli/a.ts:1: import of a computed path'],
    [
      'a file that is not there',
      { 'cli/a.ts': "import '../../package.json';" },
      'cli/a.ts:1: imports ../../package.json, which is no file of src',
    ],
    ['the clock', { 'detectors/a.ts': 'const now = Date.now();' }, 'detectors/a.ts:1: uses Date.now'],
    [
      'the clock as a value',
      { 'detectors/a.ts': 'const f = { now: Date\n  .now };' },
      'detectors/a.ts:1: uses Date.now',
    ],
    [
      'the clock by constructor',
      { 'net/a.ts': 'const now = new Date();' },
      'net/a.ts:1: uses new Date() without a time',
    ],
    [
      'chance',
      { 'telemetry/aggregate/a.ts': 'if (Math.random() < 0.5) a();' },
      'telemetry/aggregate/a.ts:1: uses Math.random',
    ],
    ['a timer', { 'protocols/a.ts': 'setTimeout(f, 1);' }, 'protocols/a.ts:1: uses a timer'],
    ['the environment', { 'net/a.ts': 'const home = process.env.HOME;' }, 'net/a.ts:1: uses process'],
    [
      'inside a template',
      { 'net/a.ts': `const t = \`a \${{ b: \`\${Date.now()}\` }.b} c\`;` },
      'net/a.ts:1: uses Date.now',
    ],
    [
      'after a regular expression',
      { 'net/a.ts': 'const r = /["`/*]/; const t = Date.now();' },
      'net/a.ts:1: uses Date.now',
    ],
    ['a default export', { 'cli/a.ts': 'export default 1;' }, 'cli/a.ts:1: uses default export'],
    [
      'a default export by name',
      { 'cli/a.ts': 'export { a as default };' },
      'cli/a.ts:1: uses default export',
    ],
    ['any', { 'cli/a.ts': 'let a: Array<any>;' }, 'cli/a.ts:1: uses any'],
    [
      'a long file',
      { 'cli/a.ts': 'f();\n'.repeat(MAX_LINES + 1) },
      `cli/a.ts:${MAX_LINES + 1}: longer than ${MAX_LINES} lines`,
    ],
    ['a folder nobody knows', { 'utils/a.ts': '' }, 'utils/a.ts:1: in no folder of the architecture'],
  ];
  test.each(caught)('catches: %s', (_, texts, message) => {
    const seeded = Object.entries(texts).map(([path, text]) => ({ path, text }));
    expect(violations([model, ...seeded])).toEqual([message]);
  });

  const passed: readonly (readonly [string, Record<string, string>])[] = [
    [
      'imports downwards',
      {
        'cli/a.ts': "import { a } from '../model/event.ts';\nimport { b } from '../net/b.ts';",
        'net/b.ts': '',
      },
    ],
    [
      'words in comments, strings and patterns',
      {
        'net/a.ts': `// Date.now any\n/* import 'node:fs' */ const s = 'Math.random()' + \`any \${1} any\`;\nconst r = /any/;`,
      },
    ],
    [
      'a cycle of types',
      { 'net/a.ts': "import type { B } from './b.ts';", 'net/b.ts': "import type { A } from './a.ts';" },
    ],
    ['a Date of a given time', { 'net/a.ts': 'const d = new Date(timeMs);' }],
    [
      'a member called any or process',
      { 'detectors/a.ts': 'f(list.any, event.process.pid); ({ process }) => process.key;' },
    ],
    [
      'packages and Node outside the core',
      { 'enrich/a.ts': "import { z } from 'zod';\nimport { readFileSync } from 'node:fs';\nDate.now();" },
    ],
    ['the regular expressions of rules', { 'rules/a.ts': "import { RE2JS } from 're2js';" }],
    ['division', { 'net/a.ts': 'const half = (a + b) / 2; const t = "x" + c / d; // / any' }],
  ];
  test.each(passed)('lets pass: %s', (_, texts) => {
    const seeded = Object.entries(texts).map(([path, text]) => ({ path, text }));
    expect(violations([model, ...seeded])).toEqual([]);
  });

  test.each([
    'process.pid',
    'setTimeout(() => 1, 2)',
    'console',
    "Buffer.from('')",
    'performance',
    "import('node:fs')",
  ])("compiling without Node's types refuses %s", (expression) => {
    expect(compilePure([`export const seeded = ${expression};\n`])).toContain('seeded-0.ts(1,');
  });
});

/** What the compiler says of the pure folders and of files given as text, without any type but the language's own. */
function compilePure(texts: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'telegen-pure-'));
  try {
    const names = texts.map((text, index) => {
      writeFileSync(`${folder}/seeded-${index}.ts`, text);
      return `seeded-${index}.ts`;
    });
    const include = names.length > 0 ? names : PURE.map((pure) => `${root}/src/${pure}`);
    const compilerOptions = {
      types: [],
      lib: ['es2023'],
      noEmit: true,
      skipLibCheck: true,
      noUnusedLocals: false,
    };
    const extended = {
      extends: `${root}/tsconfig.json`,
      compilerOptions: { ...compilerOptions, rootDir: '/' },
      include,
    };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(extended));
    execFileSync(`${root}/node_modules/.bin/tsc`, ['-p', folder, '--pretty', 'false'], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout ?? error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
