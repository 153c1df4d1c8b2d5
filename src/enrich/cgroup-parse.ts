import { withoutDeletedMark } from './proc-parse.ts';

/** A container and pod as cgroup names tell them. At least one of the two is present. */
export interface ContainerRef {
  readonly containerId?: string;
  readonly podUid?: string;
}

/** What /proc/PID/cgroup says. */
export interface CgroupMembership {
  /** Path in the v2 hierarchy. */
  readonly unifiedPath: string | undefined;
  readonly container: ContainerRef | undefined;
  /** The host has no v1 hierarchy: the v2 path says it all. */
  readonly unifiedOnly: boolean;
  /** False when it may be the answer of an exiting process, which the kernel shows at the root of every v1 hierarchy. */
  readonly conclusive: boolean;
}

/** `<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`, `...slice:cri-containerd:<id>`. */
const CONTAINER = /^(?:(.*)[-:])?([0-9a-f]{64})(?:\.scope)?$/;
/** Podman's and CRI-O's monitor: of the pod, but outside the container. */
const MONITOR = /(?:^|-)conmon$/;
/** `pod<uid>`, `kubepods-burstable-pod<uid>.slice`; systemd turns the dashes into `_`; static pods have a hash. */
const POD =
  /(?:^|-)pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=\.slice|$)/;

interface Found {
  readonly ref: ContainerRef | undefined;
  /** How many containers and pods lie around the process: nested ones are told by the longest chain. */
  readonly depth: number;
}

/** Reads /proc/PID/cgroup of v1, v2 and hybrid hosts. */
export function parseCgroup(text: string): CgroupMembership {
  let unifiedPath: string | undefined;
  let best: Found = { ref: undefined, depth: 0 };
  let v1Lines = 0;
  let v1BelowRoot = false;
  for (const line of text.split('\n')) {
    const path = pathOfLine(line);
    if (path === undefined) continue;
    if (line.startsWith('0::')) {
      unifiedPath = path;
    } else {
      v1Lines += 1;
      v1BelowRoot ||= path !== '/';
    }
    const found = scan(path);
    if (found.depth > best.depth) best = found;
  }
  const unifiedOnly = v1Lines === 0 && unifiedPath !== undefined;
  return { unifiedPath, container: best.ref, unifiedOnly, conclusive: unifiedOnly || v1BelowRoot };
}

/** The innermost container and pod of one cgroup path. */
export function containerOfPath(path: string): ContainerRef | undefined {
  return scan(path).ref;
}

function pathOfLine(line: string): string | undefined {
  const afterId = line.indexOf(':');
  const afterControllers = line.indexOf(':', afterId + 1);
  if (afterId < 1 || afterControllers < 0) return undefined;
  const path = withoutDeletedMark(line.slice(afterControllers + 1));
  return path.startsWith('/') ? path : undefined;
}

function scan(path: string): Found {
  let containerId: string | undefined;
  let podUid: string | undefined;
  let depth = 0;
  for (const segment of path.split('/')) {
    const pod = POD.exec(segment.split(':', 1)[0] ?? '')?.[1];
    if (pod !== undefined) {
      podUid = pod.replaceAll('_', '-');
      // A container further out (a kind node) holds the pod; it is not a container of it.
      containerId = undefined;
      depth += 1;
    }
    const container = CONTAINER.exec(segment);
    if (container?.[2] === undefined || MONITOR.test(container[1] ?? '')) continue;
    containerId = container[2];
    depth += 1;
  }
  return { ref: asRef(containerId, podUid), depth };
}

function asRef(containerId: string | undefined, podUid: string | undefined): ContainerRef | undefined {
  if (containerId === undefined && podUid === undefined) return undefined;
  return { ...(containerId !== undefined && { containerId }), ...(podUid !== undefined && { podUid }) };
}
