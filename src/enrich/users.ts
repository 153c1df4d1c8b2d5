import { wholeNumber } from './proc-parse.ts';
import type { HostFiles } from './proc-reader.ts';

/** Name of a user of this host. `timeMs` paces the look at the file. */
export type UserNames = (uid: number, timeMs: number) => string | undefined;

export interface UserNamesOptions {
  readonly files: HostFiles;
  readonly path?: string;
}

const CHECK_MS = 1_000;
const MAX_BYTES = 1 << 20;
const MAX_USERS = 65_536;

/** Reads /etc/passwd, and again when its modification time changes; the first name of an id counts. */
export function createUserNames(options: UserNamesOptions): UserNames {
  const { files, path = '/etc/passwd' } = options;
  let names: ReadonlyMap<number, string> = new Map();
  let mtimeMs: number | undefined;
  let checkedMs = Number.NEGATIVE_INFINITY;

  function reload(): void {
    const current = files.stat(path)?.mtimeMs;
    if (current === mtimeMs) return;
    mtimeMs = current;
    names = parsePasswd(files.readText(path, MAX_BYTES) ?? '');
  }

  return (uid, timeMs) => {
    if (timeMs - checkedMs >= CHECK_MS) {
      checkedMs = timeMs;
      reload();
    }
    return names.get(uid);
  };
}

function parsePasswd(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':', 3);
    const uid = wholeNumber(id);
    if (!name || name.startsWith('#') || uid === undefined || names.has(uid)) continue;
    if (names.size >= MAX_USERS) break;
    names.set(uid, name);
  }
  return names;
}
