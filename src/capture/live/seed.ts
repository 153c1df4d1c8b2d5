import type { BpfObject } from '../addon.ts';
import {
  AT_PROCESS_EXEC_ID,
  AT_PROCESS_PARENT_PID,
  AT_PROCESS_START_NS,
  SIZE_PROCESS,
} from '../layout.gen.ts';

const BPF_NOEXIST = 1;

/** A process older than telegen, for the kernel's process table. */
export interface SeedProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly startNs: number;
  readonly execId: number;
}

/** Fills the kernel's process table. Processes that fork or exec meanwhile are newer than the seed: theirs is kept. */
export function seedProcessTable(object: BpfObject, processes: readonly SeedProcess[]): void {
  if (processes.length === 0) return;
  const keys = Buffer.alloc(processes.length * 4);
  const values = Buffer.alloc(processes.length * SIZE_PROCESS);
  processes.forEach((process, index) => {
    const at = index * SIZE_PROCESS;
    keys.writeUInt32LE(process.pid, index * 4);
    values.writeBigUInt64LE(BigInt(Math.max(0, Math.round(process.startNs))), at + AT_PROCESS_START_NS);
    values.writeBigUInt64LE(BigInt(process.execId), at + AT_PROCESS_EXEC_ID);
    values.writeUInt32LE(process.parentPid, at + AT_PROCESS_PARENT_PID);
  });
  object.mapUpdateBatch('tg_processes', keys, values, BPF_NOEXIST);
}
