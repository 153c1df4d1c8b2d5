import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { TelegenError } from '../model/errors.ts';

/** A path that the user named. */
export interface Source {
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

/** Where lists may be now. `unreadable`: folders that could not be listed, with the error code. */
export interface Candidates {
  readonly files: ReadonlyMap<string, { readonly explicit: boolean }>;
  readonly unreadable: ReadonlyMap<string, string>;
  readonly ignored: number;
}

/** File name endings that count inside a folder. */
export const LIST_ENDINGS: readonly string[] = [
  '.txt',
  '.list',
  '.netset',
  '.ipset',
  '.csv',
  '.json',
  '.intel',
  '.dat',
  '.hosts',
  '.domains',
  '.feed',
];
/** Lists taken from folders; those named one by one come on top. */
export const MAX_LISTS = 1000;

/** Name of a list: its file name without folder and ending. */
export function listName(file: string): string {
  return basename(file, extname(file));
}

/**
 * Tells files from folders; throws TELEGEN_BLOCKLIST naming every path that is neither. A file that is gone will do when
 * `isKept` says that its last good version is at hand.
 */
export async function resolveSources(
  paths: readonly string[],
  isKept: (path: string) => Promise<boolean>,
): Promise<Source[]> {
  const sources = new Map<string, Source>();
  const problems: string[] = [];
  for (const path of paths.map((name) => resolve(name))) {
    const kind = await kindOf(path);
    if (kind === 'file' || kind === 'folder') sources.set(path, { path, kind });
    else if (kind === NO_SUCH && (await isKept(path))) sources.set(path, { path, kind: 'file' });
    else problems.push(`${path}: ${kind}`);
  }
  if (problems.length > 0) throw new TelegenError('TELEGEN_BLOCKLIST', problems.join('\n'));
  return [...sources.values()];
}

const NO_SUCH = 'no such blocklist file or folder; create it or take it out of security.blocklists';

async function kindOf(path: string): Promise<string> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return 'folder';
    return stats.isFile() ? 'file' : 'neither a file nor a folder; name a text file or a folder of them';
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT') return `cannot be read (${code})`;
    return NO_SUCH;
  }
}

/** All files that should be lists now, the explicitly named first. */
export async function findCandidates(sources: readonly Source[]): Promise<Candidates> {
  const named = sources.filter(({ kind }) => kind === 'file').map(({ path }) => path);
  const unreadable = new Map<string, string>();
  const found = new Set<string>();
  for (const { path, kind } of sources) {
    if (kind === 'file') continue;
    const inFolder = await listFolder(path);
    if (typeof inFolder === 'string') unreadable.set(path, inFolder);
    else for (const file of inFolder) found.add(file);
  }
  for (const path of named) found.delete(path);
  const taken = [...found].slice(0, MAX_LISTS);
  const files = new Map(named.map((path) => [path, { explicit: true }]));
  for (const file of taken) files.set(file, { explicit: false });
  return { files, unreadable, ignored: found.size - taken.length };
}

/** The list files of one folder in order of name, or the error code. Subfolders and dot files are passed over. */
async function listFolder(folder: string): Promise<string[] | string> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.startsWith('.') && LIST_ENDINGS.includes(extname(name).toLowerCase()))
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => join(folder, name))
      .sort();
  } catch (error) {
    return codeOf(error);
  }
}

/** The folders in which a change may concern the sources, symbolic links followed. */
export async function foldersToWatch(sources: readonly Source[]): Promise<Set<string>> {
  const folders = new Set<string>();
  for (const { path, kind } of sources) {
    folders.add(kind === 'folder' ? path : dirname(path));
    if (kind === 'file') folders.add(dirname(await realpath(path).catch(() => path)));
  }
  return folders;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
