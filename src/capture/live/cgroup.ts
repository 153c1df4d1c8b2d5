import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { TelegenError } from '../../model/errors.ts';

const CGROUP2_CURE = 'mount one with "mount -t cgroup2 none /sys/fs/cgroup" or boot with cgroup v2';
const LOST_CURE = 'restart telegen when it is there again, or watch the slice above it, which stays';

/** Mount point of the cgroup v2 hierarchy, or undefined when there is none. */
export function cgroup2Mount(mounts = readFileSync('/proc/self/mounts', 'utf8')): string | undefined {
  for (const line of mounts.split('\n')) {
    const [, mountPoint, type] = line.split(' ');
    // Octal escapes stand for spaces and the like (proc_mounts(5)).
    if (type === 'cgroup2' && mountPoint !== undefined)
      return mountPoint.replace(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
  }
  return undefined;
}

export interface ObservedCgroup {
  readonly path: string;
  readonly fd: number;
  /** Everything on this host is observed. */
  readonly isRoot: boolean;
  /** Why nothing in it can be seen any more, and what to do; undefined while it is the one that was opened. */
  trouble(): string | undefined;
  close(): void;
}

/** Opens the cgroup to observe; TELEGEN_CGROUP when it is not a cgroup v2 directory. */
export function openCgroup(path: string | undefined): ObservedCgroup {
  const mount = cgroup2Mount();
  if (mount === undefined)
    throw new TelegenError('TELEGEN_CGROUP', `no cgroup v2 hierarchy here: ${CGROUP2_CURE}`);
  const wanted = path ?? mount;
  let real: string;
  try {
    real = realpathSync(wanted);
    if (!statSync(real).isDirectory()) throw new Error('not a directory');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new TelegenError(
      'TELEGEN_CGROUP',
      `--cgroup ${wanted}: ${detail}; give a directory below ${mount}`,
    );
  }
  const root = realpathSync(mount);
  if (real !== root && !real.startsWith(`${root}/`)) {
    throw new TelegenError(
      'TELEGEN_CGROUP',
      `--cgroup ${wanted}: not a cgroup v2 directory; give one below ${mount}`,
    );
  }
  const fd = openSync(real, constants.O_RDONLY | constants.O_DIRECTORY);
  const opened = fstatSync(fd, { bigint: true });
  return {
    path: real,
    fd,
    isRoot: real === root,
    trouble: () => troubleWith(real, opened),
    close: () => closeSync(fd),
  };
}

/** Programs go with the cgroup that they are attached to: another one of that path, such as a restarted unit's, has none. */
function troubleWith(path: string, { dev, ino }: BigIntStats): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return `the watched cgroup ${path} is gone, nothing is seen; ${LOST_CURE}`;
    if (found.dev === dev && found.ino === ino) return undefined;
    return `the watched cgroup ${path} was removed and made anew, nothing in the new one is seen; ${LOST_CURE}`;
  } catch (error) {
    return `whether the watched cgroup ${path} is still there cannot be told: ${String(error)}`;
  }
}
