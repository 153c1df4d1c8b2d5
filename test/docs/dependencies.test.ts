import { builtinModules } from 'node:module';
import { expect, test } from 'vitest';
import { importsOf, readTree } from '../support/architecture.ts';
import { plain, ROOT, read, sectionOf, tableRows } from './markdown.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Locked extends Partial<Manifest> {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly integrity?: string;
  /** Only of packages for one platform. */
  readonly os?: readonly string[];
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const page = read('docs/dependencies.md');

function namesIn(heading: string): string[] {
  const rows = tableRows(sectionOf(page, heading), ['Package', 'Why']);
  return rows.flatMap(([name]) => plain(name).split(', ')).toSorted();
}

function imported(): string[] {
  const specifiers = readTree(`${ROOT}/src`).flatMap((file) =>
    importsOf(file).map(({ specifier }) => specifier),
  );
  const packages = specifiers.filter(
    (specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'),
  );
  return [
    ...new Set(packages.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))),
  ].toSorted();
}

test('the run-time dependencies are those that src imports', () => {
  expect(Object.keys(manifest.dependencies).toSorted()).toEqual(imported());
});

test('docs/dependencies.md gives a reason for each run-time dependency, and for no other', () => {
  expect(namesIn('At run time')).toEqual(Object.keys(manifest.dependencies).toSorted());
});

test('docs/dependencies.md names each package that only building and testing need', () => {
  expect(namesIn('To build and test')).toEqual(Object.keys(manifest.devDependencies).toSorted());
});

test('package-lock.json belongs to package.json, and versions are exact', () => {
  const { dependencies, devDependencies } = manifest;
  expect(lock.packages['']).toMatchObject({ dependencies, devDependencies });
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test("package-lock.json is whole: npm ci refuses one that lacks other platforms' packages", () => {
  const packages = Object.entries(lock.packages);
  const names = new Set(
    packages.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  );
  const wanted = packages.flatMap(([, each]) =>
    Object.keys({ ...each.dependencies, ...each.optionalDependencies }),
  );
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});

test('package-lock.json has a checksum of every package that is for all platforms', () => {
  const unchecked = Object.entries(lock.packages).filter(
    ([, { integrity, os }]) => integrity === undefined && os === undefined,
  );
  expect(unchecked.map(([path]) => path)).toEqual(['']);
});

test("Node's own modules are imported with node:", () => {
  expect(imported().filter((name) => builtinModules.includes(name))).toEqual([]);
});

test('docs/dependencies.md names the libbpf that is built', () => {
  const version = /^VERSION=(\S+)$/m.exec(read('scripts/build-libbpf.sh'))?.[1];
  expect(version).toBeDefined();
  expect(page).toContain(`| libbpf ${version} |`);
});
