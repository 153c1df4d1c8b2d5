import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { readSource, type SourceText } from './source-text.ts';

/** A file by its path below src, such as `net/ip.ts`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  /** Erased when the program is built. `import { type A }` is not: it still loads the file. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** From the top down. A file imports from its own folder and from lower rows, never from its own row or above. */
export const LAYERS: readonly (readonly string[])[] = [
  ['main.ts'],
  ['cli'],
  ['pipeline'],
  ['capture', 'enrich', 'reputation', 'alerts', 'telemetry/export', 'config', 'rule-files'],
  ['detectors', 'rules', 'telemetry/aggregate'],
  ['protocols'],
  ['net'],
  ['model'],
];
/** No I/O, no clock, no chance, no package. */
export const PURE: readonly string[] = [
  'model',
  'net',
  'protocols',
  'detectors',
  'rules',
  'telemetry/aggregate',
];
/** The one package that a pure folder may use, by folder: a regular-expression engine, itself without I/O and clock. */
export const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = { rules: ['re2js'] };
export const MAX_LINES = 300;

const FROM =
  /\b(import|export)\s+(type\s+(?!from\b))?(?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*from\s*(?=['"])/g;
const SIDE_EFFECT = /\bimport\s*(?=['"])/g;
const DYNAMIC = /\bimport\s*\(\s*/g;

const EVERYWHERE: readonly (readonly [RegExp, string])[] = [
  [/\bexport\s+default\b|\bas\s+default\b/g, 'default export'],
  [/(?<![.\w$])any(?![\w$])/g, 'any'],
];
/** What Node adds to the language is caught by compiling the pure folders without its types. */
const IN_PURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/g, 'Date.now'],
  [/\bnew\s+Date\s*(?!\s*\(\s*[^\s)])/g, 'new Date() without a time'],
  [/\bMath\s*\.\s*random\b/g, 'Math.random'],
  [/\bset(?:Timeout|Interval|Immediate)\b/g, 'a timer'],
  [/\bperformance\s*\.\s*now\b/g, 'performance.now'],
  [
    /(?<![.\w$])process\s*\.\s*(?:env|argv|on|once|exit|exitCode|std\w+|hrtime|cwd|nextTick|uptime)\b/g,
    'process',
  ],
  [/(?<![.\w$])globalThis\b/g, 'globalThis'],
];

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** Everything a file imports or re-exports; a computed `import(x)` has the specifier ''. */
export function importsOf({ text }: SourceFile, source: SourceText = readSource(text)): Import[] {
  const { code, strings } = source;
  const found: Import[] = [];
  for (const [pattern, isType] of [
    [FROM, true],
    [SIDE_EFFECT, false],
    [DYNAMIC, false],
  ] as const) {
    for (const match of code.matchAll(pattern)) {
      const specifier = strings.get(match.index + match[0].length) ?? '';
      found.push({ specifier, typeOnly: isType && match[2] !== undefined, line: lineAt(text, match.index) });
    }
  }
  return found;
}

/** The folder that a file counts to; undefined when no row names it. */
export function folderOf(path: string): string | undefined {
  return LAYERS.flat().find((folder) => path === folder || path.startsWith(`${folder}/`));
}

const rowOf = (folder: string): number => LAYERS.findIndex((row) => row.includes(folder));

/** All that breaks the rules, as `path:line: what`. */
export function violations(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const found = files.flatMap((file) => {
    const source = readSource(file.text);
    const imports = importsOf(file, source);
    return [
      ...placeAndSize(file),
      ...imports.flatMap((each) => arrow(file.path, each, known)),
      ...words(file, source),
    ];
  });
  return [...found, ...cycles(files)];
}

function placeAndSize({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length - 1;
  const place = folderOf(path) === undefined ? [`${path}:1: in no folder of the architecture`] : [];
  const tooLong = lines > MAX_LINES && !path.endsWith('.gen.ts');
  return tooLong ? [...place, `${path}:${lines}: longer than ${MAX_LINES} lines`] : place;
}

function arrow(path: string, { specifier, line }: Import, known: ReadonlySet<string>): string[] {
  const problem = specifier.startsWith('.')
    ? relativeProblem(path, specifier, known)
    : packageProblem(path, specifier);
  return problem === undefined ? [] : [`${path}:${line}: ${problem}`];
}

function packageProblem(path: string, specifier: string): string | undefined {
  if (specifier === '') return 'import of a computed path';
  const folder = folderOf(path) ?? '';
  if (!PURE.includes(folder) || PURE_PACKAGES[folder]?.includes(specifier) === true) return undefined;
  return `pure, but imports ${specifier}`;
}

function relativeProblem(path: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!known.has(target)) return `imports ${specifier}, which is no file of src`;
  const [from, to] = [folderOf(path), folderOf(target)];
  if (from === undefined || to === undefined || from === to || rowOf(to) > rowOf(from)) return undefined;
  return `${rowOf(to) === rowOf(from) ? 'sideways' : 'upward'} import of ${target}`;
}

function words({ path, text }: SourceFile, { code }: SourceText): string[] {
  const forbidden = PURE.includes(folderOf(path) ?? '') ? [...EVERYWHERE, ...IN_PURE] : EVERYWHERE;
  return forbidden.flatMap(([pattern, name]) =>
    [...code.matchAll(pattern)].map((match) => `${path}:${lineAt(text, match.index)}: uses ${name}`),
  );
}

/** Files that load each other, by imports that remain in the built program. */
function cycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map((file) => [file.path, loadedBy(file)]));
  const done = new Set<string>();
  const found: string[] = [];
  function visit(path: string, trail: readonly string[]): void {
    const seen = trail.indexOf(path);
    if (seen >= 0) {
      found.push(`${path}:1: cycle of imports: ${[...trail.slice(seen), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  }
  for (const path of edges.keys()) visit(path, []);
  return found;
}

function loadedBy(file: SourceFile): string[] {
  return importsOf(file)
    .filter(({ typeOnly, specifier }) => !typeOnly && specifier.startsWith('.'))
    .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier));
}

/** All TypeScript files below a folder. */
export function readTree(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, 'utf8') }));
}
