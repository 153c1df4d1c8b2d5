import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Feed, Validators } from './feed.ts';

/** What is at hand of a feed. */
export interface FeedState {
  readonly url: string;
  readonly validators: Validators;
  /** When the server last said that this is the newest version; epoch milliseconds. */
  readonly confirmedMs: number;
}

/** The files of feeds: `<role>/<name>.feed` is the list, `<role>/<name>.state` what is known of it. */
export interface FeedFiles {
  /** Makes the folders; removes the files of feeds that are configured no more. */
  prepare(feeds: readonly Feed[]): Promise<void>;
  /** undefined without a list at hand, or when it came from elsewhere. */
  stateOf(feed: Feed): Promise<FeedState | undefined>;
  save(feed: Feed, state: FeedState, bytes?: Buffer): Promise<void>;
}

export function feedFolder(folder: string, role: Feed['role']): string {
  return join(folder, role);
}

export function createFeedFiles(folder: string): FeedFiles {
  const pathOf = ({ role, name }: Feed, ending: string) =>
    join(feedFolder(folder, role), `${name}.${ending}`);
  return {
    async prepare(feeds) {
      const wanted = new Set(feeds.flatMap((feed) => [pathOf(feed, 'feed'), pathOf(feed, 'state')]));
      for (const role of ['block', 'allow'] as const) {
        const inside = feedFolder(folder, role);
        await mkdir(inside, { recursive: true, mode: 0o700 });
        for (const name of await readdir(inside)) {
          if (!wanted.has(join(inside, name))) await unlink(join(inside, name));
        }
      }
    },
    async stateOf(feed) {
      try {
        await stat(pathOf(feed, 'feed'));
        const state = JSON.parse(await readFile(pathOf(feed, 'state'), 'utf8')) as FeedState;
        return state.url === feed.url ? state : undefined;
      } catch {
        return undefined;
      }
    },
    async save(feed, state, bytes) {
      if (bytes) await replace(pathOf(feed, 'feed'), bytes);
      await replace(pathOf(feed, 'state'), JSON.stringify(state));
    },
  };
}

/** Readers see the old file or the new one, never a part. */
async function replace(path: string, content: string | Buffer): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await rename(temporary, path);
}
