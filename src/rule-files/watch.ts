import { statSync } from 'node:fs';
import { findRuleFiles } from './find-files.ts';

export interface RuleWatchOptions {
  readonly paths: readonly string[];
  readonly onChange: () => void;
  readonly pollMs?: number;
}

export interface RuleWatch {
  close(): void;
}

const POLL_MS = 3_000;

/** Looks now and then whether a rule file came, went or changed. A change must hold still for one look. */
export function watchRules({ paths, onChange, pollMs = POLL_MS }: RuleWatchOptions): RuleWatch {
  let known = signatureOf(paths);
  let pending: string | undefined;
  const timer = setInterval(() => {
    const now = signatureOf(paths);
    if (now === known) pending = undefined;
    else if (now !== pending) pending = now;
    else {
      known = now;
      pending = undefined;
      onChange();
    }
  }, pollMs).unref();
  return { close: () => clearInterval(timer) };
}

/** ctime catches writes that put the old mtime back; the inode catches renames over the file. */
function signatureOf(paths: readonly string[]): string {
  return findRuleFiles(paths)
    .files.map((file) => {
      try {
        const { ino, size, mtimeMs, ctimeMs } = statSync(file);
        return [file, ino, size, mtimeMs, ctimeMs].join(':');
      } catch {
        return file;
      }
    })
    .join('\n');
}
