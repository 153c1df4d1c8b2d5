import { networkInterfaces } from 'node:os';
import type { SecurityConfig } from '../config/config.ts';
import type { BlocklistOptions } from '../reputation/blocklist-store.ts';
import { allowlistPaths, blocklistPaths } from './run/blocklist-paths.ts';

/** How lists are loaded by the configuration; undefined when there are none. */
export function listOptions(
  security: SecurityConfig,
): Omit<BlocklistOptions, 'onReport' | 'stateFolder'> | undefined {
  const paths = blocklistPaths(security.blocklists);
  const allowPaths = allowlistPaths(security.allowlists);
  if (!security.enabled || paths.length + allowPaths.length === 0) return undefined;
  return {
    paths,
    allowPaths,
    settings: security.lists,
    ownNetworks: () => [...security.ownNetworks, ...interfaceAddresses()],
  };
}

/** Addresses of this host; link-local ones are reserved anyway and carry a zone. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
