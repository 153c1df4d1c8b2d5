import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BpfObject, loadAddon } from '../../src/capture/addon.ts';
import {
  KernelLists,
  LIST_MAPS,
  type ListCapacity,
  listMapSizes,
} from '../../src/capture/live/lists/kernel-lists.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = fileURLToPath(new URL('listed_probe.bpf.c', import.meta.url));
const CLANG = ['clang-19', 'clang-18', 'clang-17', 'clang-16', 'clang-15', 'clang-14'].find(exists);
const QUESTION_BYTES = 20;
const AT_A_TIME = 30;
/** The kernel wants frames of an Ethernet header at least. */
const FRAME_BYTES = AT_A_TIME * QUESTION_BYTES;

function exists(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why there is no probe; undefined when there is. */
export function whyNoProbe(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  return CLANG === undefined ? 'needs clang' : undefined;
}

/** The kernel's own lookups, asked without any connection. */
export interface ListedProbe {
  /** Which of the addresses the lists name. */
  ask(ips: readonly IpAddress[]): boolean[];
  close(): void;
}

/** `shared`: has the lists; absent: the probe has lists of its own, which `kernel` writes to. */
export function openProbe(shared: BpfObject): ListedProbe;
export function openProbe(capacity: ListCapacity): ListedProbe & { readonly kernel: KernelLists };
export function openProbe(from: BpfObject | ListCapacity): ListedProbe & { readonly kernel?: KernelLists } {
  const folder = mkdtempSync(join(tmpdir(), 'telegen-probe-'));
  const addon = loadAddon();
  try {
    const flags = ['-target', 'bpf', '-mcpu=v3', '-O2', '-g', `-I${ROOT}bpf/include`];
    const system = [`-I${ROOT}build/libbpf/include`, '-isystem', `/usr/include/${machine()}-linux-gnu`];
    execFileSync(CLANG as string, [...flags, ...system, '-c', SOURCE, '-o', `${folder}/probe.o`]);
    const object = new addon.BpfObject(`${folder}/probe.o`);
    object.setConstant('tg_lists_wanted', new Uint8Array([1]));
    if ('mapMemory' in from) for (const map of LIST_MAPS) object.reuseMap(map, from);
    else for (const [map, entries] of Object.entries(listMapSizes(from))) object.resizeMap(map, entries);
    object.load();
    return {
      ask: (ips) => askAll(object, ips),
      close: () => object.close(),
      ...('mapMemory' in from ? {} : { kernel: new KernelLists(object, from) }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function machine(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}

function askAll(object: BpfObject, ips: readonly IpAddress[]): boolean[] {
  const answers: boolean[] = [];
  const frame = new Uint8Array(FRAME_BYTES);
  const words = new Uint32Array(frame.buffer);
  for (let start = 0; start < ips.length; start += AT_A_TIME) {
    const some = ips.slice(start, start + AT_A_TIME);
    for (const [i, { family, w0, w1, w2, w3 }] of some.entries())
      words.set([family, w0, w1, w2, w3], (i * QUESTION_BYTES) / 4);
    const { result } = object.testRun('ask', frame, 1);
    for (let i = 0; i < some.length; i++) answers.push(((result >>> i) & 1) === 1);
  }
  return answers;
}
