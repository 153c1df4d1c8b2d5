import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openSpoolDirectory } from '../../../src/alerts/spool/directory.ts';
import { loadAddon } from '../../../src/capture/addon.ts';
import { closeSpools, makeFolder } from './spool-fixture.ts';

afterEach(closeSpools);

const ADDON = fileURLToPath(new URL('../../../build/native/telegen.node', import.meta.url));
const lock = (fd: number): boolean => loadAddon().lockFile(fd);
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('the directory', () => {
  it('is made, and so are those of the destinations, for its owner alone', () => {
    const path = `${makeFolder()}/var/spool`;
    const opened = openSpoolDirectory(path, lock);
    if (!opened.ok) throw new Error(opened.problem);
    expect([path, opened.directory.destination('otlp')].map(modeOf)).toEqual(['700', '700']);
    expect(modeOf(`${path}/lock`)).toBe('600');
    opened.directory.release();
  });

  it('is refused to a second one, who is told by whom it is held; until it is released', () => {
    const path = makeFolder();
    const first = openSpoolDirectory(path, lock);
    const problem = `${path} is in use by another telegen (pid ${process.pid}); give each its own`;
    expect(openSpoolDirectory(path, lock)).toEqual({ ok: false, problem });
    if (first.ok) first.directory.release();
    expect(openSpoolDirectory(path, lock)).toMatchObject({ ok: true });
  });

  it('is free again when its holder is killed', async () => {
    const path = makeFolder();
    const script = `
      const fd = require('node:fs').openSync(process.argv[1], 'w', 0o600);
      console.log(require(process.argv[2]).lockFile(fd));
      setInterval(() => fd, 1000);`;
    const holder = spawn(process.execPath, ['-e', script, `${path}/lock`, ADDON]);
    expect(String((await once(holder.stdout, 'data'))[0]).trim()).toBe('true');
    expect(openSpoolDirectory(path, lock).ok).toBe(false);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(openSpoolDirectory(path, lock).ok).toBe(true);
  });

  it.each([
    ['others may write to it', (path: string) => chmodSync(path, 0o777), /others may write to .*; chmod 700/],
    ['the lock is a link', (path: string) => symlinkSync('/dev/null', `${path}/lock`), /ELOOP/],
    ['the lock is a folder', (path: string) => mkdirSync(`${path}/lock`), /EISDIR/],
  ])('is refused when %s', (_why, spoil, problem) => {
    const path = makeFolder();
    spoil(path);
    expect(openSpoolDirectory(path, lock)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });

  it('is refused when it is a file', () => {
    const path = `${makeFolder()}/file`;
    writeFileSync(path, '');
    expect(openSpoolDirectory(path, lock)).toEqual({
      ok: false,
      problem: expect.stringMatching(/EEXIST|ENOTDIR/),
    });
  });
});
