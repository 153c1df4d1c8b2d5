import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { makeFolder } from './spool-fixture.ts';

/** File systems of a test's own, so that they can be full or read-only without harm. */
export interface Mounts {
  /** Mounts a tmpfs over the folder. */
  readonly mountSmall: (folder: string, options: string) => void;
  /** Over the folder another view of itself, read-only: files that are open can be written, and no other can be made. */
  readonly mountReadOnly: (folder: string) => void;
  /** Takes the latest off again. */
  readonly unmount: () => void;
  /** For afterEach. */
  readonly unmountAll: () => void;
  /** Why nothing can be mounted here, or undefined when it can. */
  readonly whyNoMount: () => string | undefined;
}

export function createMounts(): Mounts {
  const mounts: string[] = [];
  const unmount = (): void => {
    execFileSync('umount', ['-l', mounts.pop() ?? '']);
  };
  function mountSmall(folder: string, options: string): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
    mounts.push(folder);
  }
  return {
    mountSmall,
    mountReadOnly(folder) {
      execFileSync('mount', ['--bind', folder, folder]);
      mounts.push(folder);
      execFileSync('mount', ['-o', 'remount,bind,ro', folder]);
    },
    unmount,
    unmountAll() {
      while (mounts.length > 0) unmount();
    },
    whyNoMount() {
      if (process.getuid?.() !== 0) return 'needs root';
      const folder = makeFolder();
      try {
        mountSmall(folder, 'size=64k');
        unmount();
        return undefined;
      } catch {
        return 'cannot mount a tmpfs here';
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
