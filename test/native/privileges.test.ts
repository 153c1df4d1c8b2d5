import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/capture/addon.ts';
import { distinct, type ThreadStatus } from '../support/threads.ts';

const CHILD = fileURLToPath(new URL('../support/privileges-child.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const NONE = '0'.repeat(16);
const NET_ADMIN_AND_BPF = '0000008000001000';

interface Report {
  readonly identity?: { readonly uid: number; readonly gid: number };
  readonly told: number;
  readonly capabilitiesLeft: string;
  readonly attempts: Readonly<Record<string, string>>;
  readonly threads: readonly ThreadStatus[];
}

function child(args: readonly string[], flags: readonly string[] = ['--disable-sigusr1']): Report {
  const text = execFileSync(process.execPath, [...flags, CHILD, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return JSON.parse(text) as Report;
}

describe.skipIf(!isRoot)(`giving up power ${isRoot ? '' : '(SKIP: needs root)'}`, () => {
  it('of root: every thread keeps what was asked for and nothing else, for good', () => {
    const { threads, told, attempts } = child(['-', '12', '39']);
    // Main, V8's, libuv's, two workers; one more was made afterwards.
    expect(told).toBeGreaterThan(8);
    expect(threads.length).toBeGreaterThan(told);
    expect(distinct(threads, 'permitted')).toEqual([NET_ADMIN_AND_BPF]);
    expect(distinct(threads, 'effective')).toEqual([NET_ADMIN_AND_BPF]);
    expect(distinct(threads, 'bounding')).toEqual([NET_ADMIN_AND_BPF]);
    expect(distinct(threads, 'inheritable')).toEqual([NONE]);
    expect(distinct(threads, 'ambient')).toEqual([NONE]);
    expect(distinct(threads, 'noNewPrivs')).toEqual(['1']);
    expect(distinct(threads, 'uid')).toEqual(['0 0 0 0']);
    // Still the owner of root's files.
    expect(attempts).toMatchObject({ root: 'EPERM' });
  });

  it('and of the user: all threads are somebody else, none can come back or read what was root’s', () => {
    const { identity, threads, attempts, capabilitiesLeft } = child(['nobody']);
    expect(identity?.uid).toBeGreaterThan(0);
    const { uid = 0, gid = 0 } = identity ?? {};
    // In between the caller may still attach.
    expect(capabilitiesLeft).not.toBe(NONE);
    expect(distinct(threads, 'uid')).toEqual([`${uid} ${uid} ${uid} ${uid}`]);
    expect(distinct(threads, 'gid')).toEqual([`${gid} ${gid} ${gid} ${gid}`]);
    expect(distinct(threads, 'groups')).toEqual([`${gid}`]);
    expect(distinct(threads, 'permitted')).toEqual([NONE]);
    expect(distinct(threads, 'noNewPrivs')).toEqual(['1']);
    expect(attempts).toEqual({ root: 'EPERM', shadow: 'EACCES', write: 'EACCES', pool: 'EACCES' });
  });

  it('by number, also of a user without a name', () => {
    const { threads } = child(['4242']);
    expect(distinct(threads, 'uid')).toEqual(['4242 4242 4242 4242']);
    expect(distinct(threads, 'groups')).toEqual(['4242']);
  });

  it('fails, and says so, when a thread cannot be told', () => {
    // Without the flag Node.js has a thread that blocks all signals.
    expect(() => child(['-'], [])).toThrow(/ETIMEDOUT/);
  }, 60_000);
});

describe('switchUser', () => {
  it.each(['no-such-user-here', '0', '', '-1', '99999999999'])('refuses %j', (user) => {
    expect(() => loadAddon().switchUser(user)).toThrow(
      expect.objectContaining({ op: 'getpwnam', code: 'ENOENT' }),
    );
  });
});
