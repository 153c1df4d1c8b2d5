import type { JudgedEvent } from '../model/detector.ts';
import type { Workload } from '../model/process.ts';
import { compileGlob } from '../net/glob.ts';

export interface ProtocolExceptions {
  /** Ports at which anything may be spoken. */
  readonly ports: readonly number[];
  /** Executable paths; `*` stands for any run of characters. */
  readonly processes: readonly string[];
  /** `namespace/workload`, or with `:port`; `*` as above. */
  readonly workloads: readonly string[];
}

/** Whether a server's port, the program or the workload at this end may speak anything. */
export function createExceptions({
  ports,
  processes,
  workloads,
}: ProtocolExceptions): (event: JudgedEvent, port: number) => boolean {
  const free = new Set(ports);
  const programs = processes.map(compileGlob);
  const pods = workloads.map((text) => {
    const [name = '', port] = text.split(':');
    return { fits: compileGlob(name), port: port === undefined ? undefined : Number(port) };
  });
  return (event, port) => {
    if (free.has(port)) return true;
    const path = programs.length > 0 ? event.process?.executablePath : undefined;
    if (path !== undefined && programs.some((fits) => fits(path))) return true;
    const asked = pods.filter((each) => each.port === undefined || each.port === port);
    if (asked.length === 0 || event.workload === undefined) return false;
    const names = namesOf(event.workload);
    return asked.some(({ fits }) => names.some(fits));
  };
}

/** What keeps the pod running, and the pod itself. */
function namesOf({ namespace, owners, podName }: Workload): readonly string[] {
  if (namespace === undefined) return [];
  const names = [...Object.values(owners ?? {}), ...(podName === undefined ? [] : [podName])];
  return names.map((name) => `${namespace}/${name}`);
}
