import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type ContentWatch, type ContentWatchOptions, watchContents } from './content-watch.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from './sandbox.ts';

/** A sandbox for the tests of one file, and what its conversations say. */
export interface ContentLab {
  readonly sandbox: Sandbox;
  /** Begins to watch the sandbox's cgroup; ends with the test. */
  watch(options?: Partial<ContentWatchOptions>): ContentWatch;
}

/** A `describe` that is skipped, with the reason in its name, where there can be no sandbox. */
export function describeContents(name: string, tests: (lab: ContentLab) => void): void {
  const skip = whyNoSandbox();
  describe.skipIf(skip !== undefined)(`${name}${skip ? ` (SKIP: ${skip})` : ''}`, () => {
    let sandbox: Sandbox | undefined;
    let watch: ContentWatch | undefined;
    const opened = (): Sandbox => {
      if (sandbox === undefined) throw new Error('the sandbox is not open yet');
      return sandbox;
    };
    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await watch?.stop();
    });
    afterAll(() => sandbox?.close());
    tests({
      get sandbox() {
        return opened();
      },
      watch: (options = {}) => {
        watch = watchContents({ cgroup: opened().cgroup, ...options });
        return watch;
      },
    });
  });
}
