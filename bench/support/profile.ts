import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE_US = 250;
/** The benchmark itself. */
const OUTSIDE = 'outside';

/** Share of processor time by part of the program, the largest first. */
export type Shares = ReadonlyMap<string, number>;

/** Runs the work under V8's sampling profiler; what the benchmark itself and the profiler use is left out. */
export async function profileOf(work: () => void): Promise<Shares> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await session.post('Profiler.start');
    work();
    const { profile } = await session.post('Profiler.stop');
    const partOfNode = partsOf(profile.nodes);
    const times = new Map<string, number>();
    for (const [i, node] of (profile.samples ?? []).entries()) {
      const part = partOfNode.get(node);
      if (part === undefined || part === OUTSIDE) continue;
      times.set(part, (times.get(part) ?? 0) + (profile.timeDeltas?.[i] ?? 0));
    }
    const total = [...times.values()].reduce((sum, time) => sum + time, 0);
    return new Map([...times].sort(([, a], [, b]) => b - a).map(([part, time]) => [part, time / total]));
  } finally {
    session.disconnect();
  }
}

/** What the runtime does belongs to the code that called it. Callers come before what they call. */
function partsOf(nodes: readonly Profiler.ProfileNode[]): ReadonlyMap<number, string | undefined> {
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const parts = new Map<number, string | undefined>();
  for (const { id, callFrame } of nodes)
    parts.set(id, partOf(callFrame) ?? parts.get(callers.get(id) ?? Number.NaN));
  return parts;
}

/** A folder of src (two deep) or the collector of garbage; undefined for the runtime. */
function partOf({ functionName, url }: Profiler.ProfileNode['callFrame']): string | undefined {
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (!url.startsWith('file:')) return undefined;
  const path = fileURLToPath(url);
  if (!path.startsWith(`${ROOT}src/`)) return OUTSIDE;
  const folders = path.slice(ROOT.length).split('/').slice(0, -1);
  return folders.slice(0, 3).join('/');
}
