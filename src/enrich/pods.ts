import { createLruMap } from './lru-map.ts';
import type { HostFiles } from './proc-reader.ts';

export interface PodName {
  readonly podName: string;
  readonly namespace: string;
}

/** Pod names by pod uid, without the Kubernetes API. */
export interface PodIndex {
  /** `timeMs` paces the reading of the folder. */
  find(podUid: string, timeMs: number): PodName | undefined;
}

export interface PodIndexOptions {
  readonly files: HostFiles;
  readonly folder?: string;
  readonly maxEntries?: number;
}

const REFRESH_MS = 1_000;
/** A node runs a few hundred pods at most; the folders of finished ones linger. */
const MAX_PODS = 8_192;

/**
 * The kubelet names log folders `<namespace>_<pod>_<uid>`. The folder is read again when an unknown uid
 * turns up, at most once a second; an absent one means no names.
 */
export function createPodIndex(options: PodIndexOptions): PodIndex {
  const { files, folder = '/var/log/pods', maxEntries = MAX_PODS } = options;
  const pods = createLruMap<string, PodName>(maxEntries);
  let refreshedMs = Number.NEGATIVE_INFINITY;

  function refresh(): void {
    for (const name of files.folders(folder, maxEntries)) {
      // Neither names nor uids of Kubernetes contain `_`.
      const [namespace, podName, uid, ...rest] = name.split('_');
      if (namespace && podName && uid && rest.length === 0) pods.set(uid, { podName, namespace });
    }
  }

  return {
    find(podUid, timeMs) {
      const pod = pods.get(podUid);
      if (pod !== undefined || timeMs - refreshedMs < REFRESH_MS) return pod;
      refreshedMs = timeMs;
      refresh();
      return pods.get(podUid);
    },
  };
}
