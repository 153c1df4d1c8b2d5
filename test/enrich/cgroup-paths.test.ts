import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCgroupPaths } from '../../src/enrich/cgroup-paths.ts';
import { createHostFiles, type HostFiles } from '../../src/enrich/proc-reader.ts';
import { scratchFolder } from './fake-proc.ts';

/** A folder in place of the cgroup mount: only names and inode numbers matter. */
function setUp(paths: readonly string[], options: { maxFolders?: number; maxEntries?: number } = {}) {
  const mountPoint = join(scratchFolder(), 'mount');
  mkdirSync(mountPoint);
  mkdirSync(join(mountPoint, '../outside'));
  const make = (path: string) => {
    mkdirSync(join(mountPoint, path), { recursive: true });
    return statSync(join(mountPoint, path)).ino;
  };
  for (const path of paths) make(path);
  let listed = 0;
  let named = 0;
  const real = createHostFiles();
  const files: HostFiles = {
    ...real,
    folders: (path, limit) => {
      listed += 1;
      const names = real.folders(path, limit);
      named += names.length;
      return names;
    },
  };
  const cgroups = createCgroupPaths({ files, mountPoint, ...options });
  const idOf = (path: string) => statSync(join(mountPoint, path)).ino;
  return { cgroups, make, idOf, mountPoint, listed: () => listed, named: () => named };
}

describe('pathOf', () => {
  it('finds every folder with one walk', () => {
    const paths = ['/a', '/a/b', '/a/b/c', '/d'];
    const { cgroups, idOf, listed } = setUp(paths);
    for (const path of ['/', ...paths]) expect(cgroups.pathOf(idOf(path), 0)).toBe(path);
    expect(listed()).toBe(5);
  });

  it('keeps the path of a removed cgroup', () => {
    const { cgroups, idOf, mountPoint } = setUp(['/a/short']);
    const id = idOf('/a/short');
    expect(cgroups.pathOf(id, 0)).toBe('/a/short');
    rmSync(join(mountPoint, 'a'), { recursive: true });
    expect(cgroups.pathOf(id, 100_000)).toBe('/a/short');
  });

  it('walks again for a new cgroup, but not at once', () => {
    const { cgroups, make, idOf, listed } = setUp(['/a']);
    cgroups.pathOf(idOf('/a'), 0);
    const id = make('/new');
    expect(cgroups.pathOf(id, 4_999)).toBeUndefined();
    expect(listed()).toBe(2);
    expect(cgroups.pathOf(id, 5_000)).toBe('/new');
  });

  it('does not look again for a minute for what it did not find', () => {
    const { cgroups, listed } = setUp(['/a']);
    const unknown = Number.MAX_SAFE_INTEGER;
    expect(cgroups.pathOf(unknown, 0)).toBeUndefined();
    const after = listed();
    expect(cgroups.pathOf(unknown, 59_999)).toBeUndefined();
    expect(listed()).toBe(after);
    cgroups.pathOf(unknown, 60_000);
    expect(listed()).toBeGreaterThan(after);
  });

  it('stops a walk at its bound, nearest folders first', () => {
    const many = Array.from({ length: 50 }, (_unused, index) => `/top${index}/deep`);
    const { cgroups, idOf, listed, named } = setUp(many, { maxFolders: 51 });
    expect(cgroups.pathOf(idOf('/top49/deep'), 0)).toBeUndefined();
    expect(listed()).toBeLessThanOrEqual(51);
    expect(named()).toBe(50);
    for (let index = 0; index < 50; index += 1)
      expect(cgroups.pathOf(idOf(`/top${index}`), 1)).toBe(`/top${index}`);
  });

  it.each([0, -1])('does not walk for the id %d, which means unknown', (id) => {
    const { cgroups, listed } = setUp(['/a']);
    expect(cgroups.pathOf(id, 0)).toBeUndefined();
    expect(listed()).toBe(0);
  });

  it('is empty, not failing, without a mount', () => {
    const cgroups = createCgroupPaths({ files: createHostFiles(), mountPoint: '/nonexistent/telegen' });
    expect(cgroups.pathOf(5, 0)).toBeUndefined();
    expect(cgroups.confirm(5, '/a')).toBeUndefined();
  });
});

describe('confirm', () => {
  it('compares, and saves the walk', () => {
    const { cgroups, idOf, listed } = setUp(['/a', '/b']);
    expect(cgroups.confirm(idOf('/a'), '/a')).toBe(true);
    expect(cgroups.confirm(idOf('/a'), '/a')).toBe(true);
    expect(cgroups.confirm(idOf('/a'), '/b')).toBe(false);
    expect(cgroups.pathOf(idOf('/a'), 0)).toBe('/a');
    expect(cgroups.pathOf(idOf('/b'), 0)).toBe('/b');
    expect(listed()).toBe(0);
  });

  it.each([
    ['a path that is gone', '/gone'],
    ['a path outside our namespace', '/../outside'],
  ])('cannot tell: %s', (_title, path) => {
    expect(setUp(['/a']).cgroups.confirm(7, path)).toBeUndefined();
  });
});
