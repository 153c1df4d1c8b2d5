import type { LiveProcesses } from './live-process.ts';
import type { Program, ProgramStore } from './program-store.ts';

/** How many ancestors are told at most. */
export const MAX_ANCESTORS = 8;

/** What an ancestor is called: its path, or its short name when the path is unknown. */
export function labelOf(program: Pick<Program, 'path' | 'comm'>): string {
  return program.path ?? program.comm;
}

/** The ancestors of a child of `parent`, whose own are given. */
export function withParent(parent: Program, ancestors: readonly string[]): readonly string[] {
  return [labelOf(parent), ...ancestors.slice(0, MAX_ANCESTORS - 1)];
}

/** What the parent ran when a child began at `startNs`: not what it came to run later. */
export function parentAt(store: ProgramStore, parentPid: number, startNs: number): Program | undefined {
  const parent = store.current(parentPid);
  return parent !== undefined && (startNs === 0 || parent.startNs <= startNs) ? parent : undefined;
}

type Birth = Pick<Program, 'parentPid' | 'startNs'> & { readonly parentKey?: Program['parentKey'] };

/**
 * Climbs from a program to its first ancestor: by the table where it knows the parent, else by /proc (a parent that
 * forked without exec is not in the table). Stops where neither is sure.
 */
export function climb(from: Birth, store: ProgramStore, live: LiveProcesses): readonly string[] {
  const labels: string[] = [];
  let birth = from;
  while (labels.length < MAX_ANCESTORS && birth.parentPid > 0 && birth.startNs > 0) {
    const { parentKey, parentPid, startNs } = birth;
    const known = (parentKey !== undefined && store.peek(parentKey)) || store.current(parentPid);
    // The parent runs another program by now; what it ran then is not known.
    if (known !== undefined && known.startNs > startNs) break;
    const parent = known ?? live.older(parentPid, startNs);
    if (parent === undefined) break;
    labels.push(labelOf(parent));
    if (known?.ancestors !== undefined) return [...labels, ...known.ancestors].slice(0, MAX_ANCESTORS);
    birth = parent;
  }
  return labels;
}
