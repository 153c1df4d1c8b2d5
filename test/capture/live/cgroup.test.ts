import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { cgroup2Mount, openCgroup } from '../../../src/capture/live/cgroup.ts';
import { makeCgroup, removeCgroup, TEST_PREFIX } from '../../support/cgroups.ts';
import { whyNoSandbox } from '../../support/sandbox.ts';

const V1 = 'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0';

describe('cgroup2Mount', () => {
  it.each([
    ['a pure v2 host', 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0', '/sys/fs/cgroup'],
    ['a hybrid host', `${V1}\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`, '/sys/fs/cgroup/unified'],
    ['the first of several', 'a /one cgroup2 rw 0 0\nb /two cgroup2 rw 0 0', '/one'],
    ['a path with a space and a backslash', 'none /mnt/a\\040b\\134c cgroup2 rw 0 0', '/mnt/a b\\c'],
    ['a device called cgroup2 of another type', 'cgroup2 /mnt tmpfs rw 0 0', undefined],
    ['v1 alone', V1, undefined],
    ['nothing', '', undefined],
    ['nonsense', 'cgroup2\n\n \ncgroup2 cgroup2', undefined],
  ])('%s', (_, mounts, expected) => expect(cgroup2Mount(mounts)).toBe(expected));

  it('reads this machine’s own mounts', () => {
    expect(cgroup2Mount() !== undefined).toBe(/ cgroup2 /.test(readFileSync('/proc/self/mounts', 'utf8')));
  });
});

describe.skipIf(cgroup2Mount() === undefined)(
  `openCgroup ${cgroup2Mount() ? '' : '(SKIP: no cgroup v2 here)'}`,
  () => {
    const mount = cgroup2Mount()!;

    it('opens the root when no path is given', () => {
      const cgroup = openCgroup(undefined);
      expect(cgroup).toMatchObject({ isRoot: true });
      expect(cgroup.fd).toBeGreaterThan(2);
      cgroup.close();
    });

    it.each([
      ['is not there', () => `${mount}/no-such-group`, /no such file.*give a directory below/],
      ['is a file', () => `${mount}/cgroup.procs`, /not a directory/],
      ['is elsewhere', () => '/tmp', /not a cgroup v2 directory/],
      ['leads out', () => `${mount}/../..`, /not a cgroup v2 directory/],
      ['is empty', () => '', /--cgroup/],
    ])('refuses what %s', (_, path, message) => {
      const wanted = path();
      expect(() => openCgroup(wanted)).toThrow(
        expect.objectContaining({ code: 'TELEGEN_CGROUP', message: expect.stringMatching(message) }),
      );
    });
  },
);

const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(
  `the cgroup that was opened${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    const name = `${TEST_PREFIX}${process.pid}-opened`;
    const path = `${cgroup2Mount()}/${name}`;
    afterEach(() => removeCgroup(path));

    it.each([
      ['is there', [], undefined],
      ['has a cgroup below it', ['below'], undefined],
      ['was removed', ['remove'], /is gone, nothing is seen; restart telegen/],
      [
        'was made anew',
        ['remove', 'make'],
        /removed and made anew, nothing in the new one .*; restart telegen/,
      ],
      ['was made anew twice', ['remove', 'make', 'remove', 'make'], /removed and made anew/],
    ])('%s', (_, steps, expected) => {
      makeCgroup(name);
      const cgroup = openCgroup(path);
      for (const step of steps) {
        if (step === 'remove') rmdirSync(path);
        else mkdirSync(step === 'below' ? `${path}/below` : path);
      }
      const trouble = cgroup.trouble();
      cgroup.close();
      if (expected === undefined) expect(trouble).toBe(undefined);
      else expect(trouble).toMatch(expected);
    });
  },
);
