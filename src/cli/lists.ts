import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { SecurityConfig } from '../config/config.ts';
import type { BlocklistOptions } from '../reputation/blocklist-store.ts';
import { feedFolder } from '../reputation/feeds/feed-files.ts';
import { type Feeds, openFeeds } from '../reputation/feeds/feeds.ts';
import { type ReportSink, warning } from '../reputation/report.ts';
import { allowlistPaths, blocklistPaths } from './run/blocklist-paths.ts';

/** How lists are loaded by the configuration; undefined when there are none. */
export function listOptions(
  security: SecurityConfig,
): Omit<BlocklistOptions, 'onReport' | 'stateFolder'> | undefined {
  const paths = [...blocklistPaths(security.blocklists), ...fetched(security, 'block')];
  const allowPaths = [...allowlistPaths(security.allowlists), ...fetched(security, 'allow')];
  if (!security.enabled || paths.length + allowPaths.length === 0) return undefined;
  return {
    paths,
    allowPaths,
    settings: security.lists,
    ownNetworks: () => [...security.ownNetworks, ...interfaceAddresses()],
  };
}

/** Fetches the feeds; what earlier runs fetched is there at once. undefined when there are none, or no place for them. */
export async function startFeeds(security: SecurityConfig, onReport: ReportSink): Promise<Feeds | undefined> {
  if (!security.enabled || security.feeds.length === 0) return undefined;
  const folder = feedsFolder(security);
  try {
    return await openFeeds({ feeds: security.feeds, folder, onReport });
  } catch (error) {
    onReport(
      warning(folder, `no feed can be fetched: ${error instanceof Error ? error.message : String(error)}`),
    );
    return undefined;
  }
}

/** The folder of what was fetched, once there is one. */
function fetched(security: SecurityConfig, role: 'block' | 'allow'): readonly string[] {
  const folder = feedFolder(feedsFolder(security), role);
  return security.feeds.length > 0 && existsSync(folder) ? [folder] : [];
}

function feedsFolder({ stateDir }: SecurityConfig): string {
  return `${stateDir}/feeds`;
}

/** Addresses of this host; link-local ones are reserved anyway and carry a zone. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
