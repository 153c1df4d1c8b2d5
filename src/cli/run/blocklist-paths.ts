import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SHIPPED = fileURLToPath(new URL('../../../blocklists', import.meta.url));
const SYSTEM = '/etc/telegen/blocklists';
const SYSTEM_ALLOW = '/etc/telegen/allowlists';

/** The configured lists; when there are none, the shipped folder and the system's, as far as they exist. */
export function blocklistPaths(configured: readonly string[]): readonly string[] {
  return configured.length > 0 ? configured : [SHIPPED, SYSTEM].filter((path) => existsSync(path));
}

/** The configured allowlists; when there are none, the system's folder if it exists. */
export function allowlistPaths(configured: readonly string[]): readonly string[] {
  return configured.length > 0 ? configured : [SYSTEM_ALLOW].filter((path) => existsSync(path));
}
