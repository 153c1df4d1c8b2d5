import { readdirSync, readFileSync } from 'node:fs';

/** What /proc says of a thread. Capabilities in hexadecimal, ids as `real effective saved file-system`. */
export interface ThreadStatus {
  readonly name: string;
  readonly uid: string;
  readonly gid: string;
  readonly groups: string;
  readonly permitted: string;
  readonly effective: string;
  readonly inheritable: string;
  readonly ambient: string;
  readonly bounding: string;
  readonly noNewPrivs: string;
}

/** All threads of a process. One that ends meanwhile is left out. */
export function threadsOf(pid: number): ThreadStatus[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return [parse(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))];
    } catch {
      return [];
    }
  });
}

function parse(status: string): ThreadStatus {
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.replaceAll('\t', ' ').trim() ?? '';
  return {
    name: field('Name'),
    uid: field('Uid'),
    gid: field('Gid'),
    groups: field('Groups'),
    permitted: field('CapPrm'),
    effective: field('CapEff'),
    inheritable: field('CapInh'),
    ambient: field('CapAmb'),
    bounding: field('CapBnd'),
    noNewPrivs: field('NoNewPrivs'),
  };
}

/** Distinct values of one field over all threads. */
export const distinct = (threads: readonly ThreadStatus[], field: keyof ThreadStatus): string[] => [
  ...new Set(threads.map((thread) => thread[field])),
];
