import type { RecordCounters } from '../../capture/live/counters.ts';
import type { KernelLists } from '../../capture/live/lists/kernel-lists.ts';
import type { HookStatus } from '../../capture/live/live-capture.ts';
import type { FlowCounters } from '../../capture/live/live-flows.ts';
import type { StreamCounters } from '../../capture/live/stream-counters.ts';
import type { TableFill } from '../../capture/live/tables.ts';

/** What the kernel side tells of itself; read at each scrape. */
export interface CapturePort {
  readonly hooks: readonly HookStatus[];
  /** Why nothing in the cgroup can be seen any more. */
  cgroupTrouble?(): string | undefined;
  counters(): RecordCounters;
  received(): number;
  pending(): number;
  malformed?(): number;
  tables?(): readonly TableFill[];
  flows?(): FlowCounters | undefined;
  streams?(): Readonly<StreamCounters> | undefined;
  readonly lists?: Pick<KernelLists, 'figures'> | undefined;
  listed?(): number;
}
