import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cgroup2Mount } from '../../src/capture/live/cgroup.ts';
import { eventually } from './eventually.ts';

/** Every directory and namespace that tests make is called this, then the pid of the test process. */
export const TEST_PREFIX = 'telegen-test-';

/** The pid in a name that a test made, or undefined for a name of somebody else. */
export function pidInName(name: string): number | undefined {
  const match = name.startsWith(TEST_PREFIX) ? /^\d+/.exec(name.slice(TEST_PREFIX.length)) : null;
  return match ? Number(match[0]) : undefined;
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** A child of the cgroup v2 root with nothing in it. */
export function makeCgroup(name: string): string {
  const mount = cgroup2Mount();
  if (mount === undefined) throw new Error('no cgroup v2 hierarchy here');
  const path = `${mount}/${name}`;
  mkdirSync(path);
  return path;
}

/** The id that the kernel gives a cgroup: the inode of its directory. */
export function cgroupId(path: string): number {
  return statSync(path).ino;
}

/** Ends what still runs in a cgroup that a test made, and removes it with everything below. */
export async function removeCgroup(path: string): Promise<void> {
  if (!existsSync(path)) return;
  writeFileSync(`${path}/cgroup.kill`, '1');
  await eventually(
    () => readFileSync(`${path}/cgroup.events`, 'utf8').includes('populated 0'),
    `${path} to be empty`,
  );
  removeTree(path);
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(`${path}/${entry.name}`);
  rmdirSync(path);
}

/** Removes what tests that were killed left behind. */
export async function removeStaleCgroups(): Promise<void> {
  const mount = cgroup2Mount();
  if (mount === undefined) return;
  for (const name of readdirSync(mount)) {
    const pid = pidInName(name);
    if (pid !== undefined && !isAlive(pid)) await removeCgroup(`${mount}/${name}`);
  }
}
