/**
 * What the kernel stored on a socket about the process that owns it, in process context.
 * (`pid`, `startNs`) identifies a process: a pid alone is reused.
 */
export interface Owner {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  /** CLOCK_MONOTONIC ns of the fork or exec that began this process; 0 when it was not observed. */
  readonly startNs: number;
  /** Identifies one exec observed by the kernel side (inherited over fork); 0 when none was. */
  readonly execId: number;
  /** The kernel's short name of the task, at most 15 bytes. */
  readonly comm: string;
  readonly cgroupId: number;
}

/** A process as analysts know it. Absent fields are unknown, never guessed. */
export interface Process {
  readonly pid: number;
  /** Stable over the life of the process and different after pid reuse. */
  readonly key: string;
  readonly parentPid?: number;
  readonly name: string;
  readonly executablePath?: string;
  /** Secrets in arguments are masked before they are stored here. */
  readonly commandLine?: string;
  /** What the parent ran when this process began; masked. */
  readonly parentCommandLine?: string;
  /** Epoch milliseconds. */
  readonly startTimeMs?: number;
  readonly userId?: number;
  readonly userName?: string;
  /** Executable paths (or names) of the ancestors, parent first. */
  readonly ancestors: readonly string[];
}

/** What keeps pods running, as Kubernetes' kinds are written in names of attributes. */
export const OWNER_KINDS = [
  'deployment',
  'statefulset',
  'daemonset',
  'cronjob',
  'job',
  'replicaset',
] as const;
export type OwnerKind = (typeof OWNER_KINDS)[number];

/** The container and pod that a process belongs to. */
export interface Workload {
  readonly containerId?: string;
  readonly containerName?: string;
  readonly podUid?: string;
  readonly podName?: string;
  readonly namespace?: string;
  /** The Kubernetes node that the pod runs on. */
  readonly nodeName?: string;
  /** Names by kind; a pod of a CronJob has `job` and `cronjob`. */
  readonly owners?: Readonly<Partial<Record<OwnerKind, string>>>;
  /** More of it may become known: the Kubernetes API has not told everything yet. */
  readonly partial?: true;
}

/** A Kubernetes service. */
export interface ServiceRef {
  readonly name: string;
  readonly namespace: string;
}

/** How the owner of an event was learned. */
export type Attribution = 'socket' | 'worker' | 'listener' | 'preexisting' | 'unknown';
