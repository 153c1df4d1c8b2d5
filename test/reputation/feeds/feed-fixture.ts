import type { Feed } from '../../../src/reputation/feeds/feed.ts';

export const URL_OF_FEED = 'https://feeds.example.com/list.txt';

export function feed(change: Partial<Feed> = {}): Feed {
  return {
    name: 'example',
    url: URL_OF_FEED,
    role: 'block',
    intervalMs: 3_600_000,
    timeoutMs: 5000,
    maxBytes: 1000,
    headerFiles: {},
    ...change,
  };
}
