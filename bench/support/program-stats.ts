import { readdirSync, readFileSync } from 'node:fs';
import type { Program } from '../../test/support/programs.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';
import { nativeProgram } from './ground.ts';

/** What a kernel program has used. */
export interface Spent {
  readonly runs: number;
  readonly ns: number;
}

/** By name of the program. */
export type Snapshot = ReadonlyMap<string, Spent>;

/** What was spent between two looks. */
export function since(before: Spent | undefined, after: Spent): Spent {
  if (before === undefined) return after;
  return { runs: after.runs - before.runs, ns: after.ns - before.ns };
}

/** Has the kernel time BPF programs until what is returned ends. */
export async function startProgramStats(ground: Sandbox): Promise<Program> {
  const stats = ground.start([nativeProgram('program_stats')], { cgroup: 'none', namespace: 'host' });
  if ((await stats.line()) !== 'on') throw new Error('the statistics of BPF programs cannot be turned on');
  return stats;
}

/** What the programs of one process have used, by name; programs of one name (core and extra) are added up. */
export async function snapshot(stats: Program, pid: number): Promise<Snapshot> {
  const own = programIds(pid);
  const spent = new Map<string, Spent>();
  stats.go();
  for (let line = await stats.line(); line !== ''; line = await stats.line()) {
    const [id = '', name = '', runs, ns] = line.split(' ');
    if (!own.has(id)) continue;
    const sofar = spent.get(name) ?? { runs: 0, ns: 0 };
    spent.set(name, { runs: sofar.runs + Number(runs), ns: sofar.ns + Number(ns) });
  }
  return spent;
}

/** Ids of the programs that the process holds open: other sensors on this host are not ours to count. */
function programIds(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fdinfo`;
  return new Set(readdirSync(folder).flatMap((fd) => idOf(`${folder}/${fd}`) ?? []));
}

function idOf(file: string): string | undefined {
  try {
    return /^prog_id:\s+(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    // The descriptor was closed since it was listed.
    return undefined;
  }
}
