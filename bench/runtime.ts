import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LAUNCHER = new URL('../bin/telegen', import.meta.url);

/** How bin/telegen starts Node.js: options of its memory, and variables for malloc. */
export interface Runtime {
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Read out of the launcher, so that what is measured in this process runs as the program does. */
export function programRuntime(launcher = readFileSync(LAUNCHER, 'utf8')): Runtime {
  const command = /^exec "\$node" (.*)$/m.exec(launcher)?.[1] ?? '';
  const options = command.split(' ').filter((word) => /^--(?:max-|expose-gc)/.test(word));
  const variables = [...launcher.matchAll(/^(MALLOC_\w+)=(\d+)$/gm)].map(([, name, value]) => [name, value]);
  return { options, environment: Object.fromEntries(variables) as Record<string, string> };
}

/** Starts this very script anew as the program would be, unless it was; returns its exit code then. */
export function underProgramRuntime(): number | undefined {
  const { options, environment } = programRuntime();
  if (options.every((option) => process.execArgv.includes(option))) return undefined;
  const env = { ...process.env, ...environment };
  const { status } = spawnSync(process.execPath, [...options, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env,
  });
  return status ?? 1;
}
