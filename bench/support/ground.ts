import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openSandbox, type Sandbox } from '../../test/support/sandbox.ts';
import { undoLater } from './cleanup.ts';

const NATIVE = fileURLToPath(new URL('../native', import.meta.url));
const COMPILED = fileURLToPath(new URL('../../build/bench', import.meta.url));

/** Compiles bench/native/NAME.c and returns the path of the program. */
export function nativeProgram(name: string): string {
  const program = `${COMPILED}/${name}`;
  mkdirSync(COMPILED, { recursive: true });
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, `${NATIVE}/${name}.c`], {
    stdio: 'pipe',
  });
  return program;
}

/** Gives the work a cgroup to observe and namespaces of its own, and removes them afterwards, whatever happens. */
export async function onOwnGround<T>(work: (ground: Sandbox) => Promise<T>): Promise<T> {
  const ground = await openSandbox();
  const close = undoLater(() => ground.close());
  try {
    return await work(ground);
  } finally {
    await close();
  }
}

export function lastCpu(): number {
  return cpus().length - 1;
}
