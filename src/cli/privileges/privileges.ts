import { accessSync, chownSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname } from 'node:path';
import { type Addon, isKernelError } from '../../capture/addon.ts';
import type { HookStatus } from '../../capture/live/hooks.ts';
import { TelegenError } from '../../model/errors.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import {
  CAPABILITY,
  type Capability,
  type Circumstances,
  effectiveIn,
  neededToStart,
  neededWhileRunning,
} from './capabilities.ts';

export interface PrivilegeParts {
  readonly addon: Pick<Addon, 'switchUser' | 'limitCapabilities'>;
  /** `agent.user`: whom to become. */
  readonly user: string | undefined;
  /** 0: telegen does not listen. */
  readonly listenPort: number;
  readonly watchesPackets: boolean;
  /** Made for the user, if they are missing; what exists keeps its owner. */
  readonly stateDirectories: readonly string[];
  /** Were read already, and are read again when they change. */
  readonly readAgain: readonly string[];
  readonly diagnostics: Diagnostics;
}

export interface Privileges {
  /** Before anything is opened: what works then will work later. TELEGEN_HOST when it cannot be done. */
  beforeStart(): void;
  /** Once all hooks are attached. TELEGEN_HOST when it cannot be done: telegen does not run with more than it says. */
  onceAttached(hooks: readonly HookStatus[]): void;
}

const BTF = '/sys/kernel/btf/vmlinux';

/** Gives up, in two steps, what telegen may do and does not need. */
export function createPrivileges(parts: PrivilegeParts): Privileges {
  const { addon, user, listenPort, watchesPackets, diagnostics } = parts;
  const circumstances: Circumstances = { hasBtf: existsSync(BTF), listenPort };

  function limit(keep: readonly Capability[]): void {
    attempt('give up capabilities', () => addon.limitCapabilities(keep.map((name) => CAPABILITY[name])));
  }

  return {
    beforeStart() {
      const has = effectiveIn(ownStatus());
      if (user !== undefined) become(parts, user);
      limit(neededToStart(circumstances, has));
    },
    onceAttached(hooks) {
      const execTellsPath = hooks.some(
        ({ feature, candidate }) => feature.name === 'process-exec' && candidate?.object === 'extra',
      );
      const wanted = neededWhileRunning({
        ...circumstances,
        kernel: release(),
        execTellsPath,
        watchesPackets,
      });
      const kept = wanted.filter(effectiveIn(ownStatus()));
      limit(kept);
      diagnostics.info(
        `runs as user ${process.geteuid?.()}, ${kept.length === 0 ? 'without capabilities' : `with ${kept.join(', ')}`}`,
      );
    },
  };
}

const ownStatus = (): string => readFileSync('/proc/self/status', 'utf8');

function attempt<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const reason = isKernelError(error) ? `${error.op}: ${error.code}` : String(error);
    throw new TelegenError('TELEGEN_HOST', `cannot ${what}: ${reason}`, { cause: error });
  }
}

function become({ addon, stateDirectories, readAgain, diagnostics }: PrivilegeParts, user: string): void {
  if (process.geteuid?.() !== 0)
    throw new TelegenError(
      'TELEGEN_HOST',
      `agent.user: only root can become ${user}; start as root, or remove the key`,
    );
  const made = stateDirectories.flatMap(makeMissing);
  const { uid, gid } = attempt(`become agent.user ${user}`, () => addon.switchUser(user));
  // What the user may not do, the capabilities that are left for a moment still can.
  for (const path of made) chownSync(path, uid, gid);
  for (const path of readAgain) {
    if (!isReadable(path))
      diagnostics.warn(`user ${user} cannot read ${path}: what changes in it needs a restart`);
  }
}

/**
 * Makes the directory and those above it that are missing, private; returns them, the outermost first. What cannot be made
 * is told by whoever wants to use it.
 */
function makeMissing(path: string): string[] {
  if (existsSync(path)) return [];
  const above = makeMissing(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
    return [...above, path];
  } catch {
    return above;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
