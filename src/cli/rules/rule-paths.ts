import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SHIPPED = fileURLToPath(new URL('../../../rules', import.meta.url));
const SYSTEM = '/etc/telegen/rules';

/** The given paths; when there are none, the shipped rules and the system's, as far as they exist. */
export function rulePaths(given: readonly string[]): readonly string[] {
  return given.length > 0 ? given : [SHIPPED, SYSTEM].filter((path) => existsSync(path));
}
