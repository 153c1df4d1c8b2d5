import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const TRACEFS = '/sys/kernel/tracing';

/** Mounts tracefs when it is not mounted. Returns what undoes it. */
export function mountTracefs(): () => void {
  if (existsSync(`${TRACEFS}/events`)) return () => undefined;
  execFileSync('mount', ['-t', 'tracefs', 'none', TRACEFS], { stdio: 'pipe' });
  return () => {
    execFileSync('umount', [TRACEFS], { stdio: 'pipe' });
  };
}
