import { loadAddon } from '../../capture/addon.ts';
import { cgroup2Mount } from '../../capture/live/cgroup.ts';
import type { KubernetesConfig } from '../../config/config.ts';
import { createCgroupPaths } from '../../enrich/cgroup-paths.ts';
import type { ClockReading } from '../../enrich/clocks.ts';
import { createPodIndex } from '../../enrich/pods.ts';
import { createHostFiles, createProcReader } from '../../enrich/proc-reader.ts';
import {
  createProcessTable,
  type ProcessTable,
  type ProcessTableOptions,
} from '../../enrich/process-table.ts';
import { type SeedEntry, seedEntries } from '../../enrich/seed.ts';
import { createUserNames } from '../../enrich/users.ts';

export interface HostProcesses {
  readonly table: ProcessTable;
  /** Lists the running processes below the cgroup (a path below the mount) and enters them into the table. */
  seed(under: string | undefined): readonly SeedEntry[];
}

/** The process table over this host's /proc, cgroups, users and pod log folders. */
export function openHostProcesses(
  kubernetes: KubernetesConfig,
  cluster: ProcessTableOptions['cluster'],
): HostProcesses {
  const files = createHostFiles();
  const procfs = createProcReader('/proc', files);
  const monotonicNs = loadAddon().monotonicNs();
  const clocks: ClockReading = {
    epochMs: Date.now(),
    monotonicNs,
    boottimeNs: procfs.uptimeNs() ?? monotonicNs,
  };
  const mountPoint = cgroup2Mount();
  const table = createProcessTable({
    procfs,
    clocks,
    userName: createUserNames({ files }),
    cluster,
    ...(mountPoint === undefined ? {} : { cgroupPaths: createCgroupPaths({ files, mountPoint }) }),
    ...(kubernetes.enabled === false
      ? {}
      : { pods: createPodIndex({ files, folder: kubernetes.podLogsDir }) }),
  });
  return {
    table,
    seed(under) {
      const entries = seedEntries(procfs, { clocks, ...(under === undefined ? {} : { under }) });
      table.seed(entries);
      return entries;
    },
  };
}
