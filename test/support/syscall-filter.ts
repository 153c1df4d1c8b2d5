import { execFileSync } from 'node:child_process';

/** The calls of a group such as @system-service, and of the groups in it. */
function expand(name: string, seen: Set<string>): Set<string> {
  if (!name.startsWith('@')) return seen.add(name);
  const lines = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager', name], { encoding: 'utf8' });
  const words = lines.split('\n').map((line) => line.trim());
  for (const word of words.slice(1)) if (/^@?[a-z_]/.test(word) && word !== name) expand(word, seen);
  return seen;
}

/** What the lines SystemCallFilter= of a unit allow; needs systemd-analyze. */
export function allowedCalls(unit: string): ReadonlySet<string> {
  const [allowed, denied] = [new Set<string>(), new Set<string>()];
  for (const [, sign, words = ''] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm))
    for (const word of words.split(' ')) expand(word, sign === '~' ? denied : allowed);
  // Allowed by systemd to every service that has a filter.
  expand('@default', allowed);
  return new Set([...allowed].filter((call) => !denied.has(call)));
}
