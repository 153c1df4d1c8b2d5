import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Addon, type BpfObject, loadAddon } from '../../src/capture/addon.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of this machine; undefined when there is none. */
export const CLANG = ['clang-19', 'clang-18', 'clang-17', 'clang-16', 'clang-15', 'clang-14'].find(exists);

function exists(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why kernel programs of tests cannot be built and loaded; undefined when they can. */
export function whyNoBpf(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  return CLANG === undefined ? 'needs clang' : undefined;
}

/** Compiles a source that includes our headers, and opens the object; it is still to be loaded. */
export function openBpfSource(source: string, addon: Addon = loadAddon()): BpfObject {
  const folder = mkdtempSync(join(tmpdir(), 'telegen-bpf-'));
  try {
    const flags = ['-target', 'bpf', '-mcpu=v3', '-O2', '-g', `-I${ROOT}bpf/include`];
    const system = [`-I${ROOT}build/libbpf/include`, '-isystem', `/usr/include/${machine()}-linux-gnu`];
    execFileSync(CLANG as string, [...flags, ...system, '-c', source, '-o', `${folder}/object.o`]);
    return new addon.BpfObject(`${folder}/object.o`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function machine(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}
