import type { LiveFlow } from '../../model/flow.ts';
import type { BpfObject } from '../addon.ts';
import { FlowView } from '../flow-view.ts';
import { viewOf } from '../record-view.ts';
import type { LoadedObject } from './load-object.ts';
import type { ObjectName } from './plan.ts';

const SAMPLER = 'tg_sample_flows';
const FLOWS = 'tg_flows';
/** Open files looked at between two turns of the event loop: some milliseconds when all have news. At most TG_FLOW_ROOM. */
const BATCH = 4_096;

/** Reads counters by the object that FLOW_FEATURE is served by. */
export function openLiveFlows(
  objects: ReadonlyMap<ObjectName, LoadedObject>,
  tell: (flow: LiveFlow) => void,
): LiveFlows | undefined {
  const extra = objects.get('extra');
  return extra && new LiveFlows(extra.object, tell);
}

/** What sampling open connections came to. */
export interface FlowCounters {
  /** Walks over the open files of all processes that came to their end, and that the kernel broke off. */
  readonly rounds: number;
  readonly failures: number;
  readonly files: number;
  /** Connections that had news. */
  readonly flows: number;
}

/**
 * Reads the counters of TCP connections that are open, out of their sockets, which are found by the files that processes
 * have open: that reaches all network namespaces. Each round tells those that moved since the last.
 */
export class LiveFlows {
  readonly #object: BpfObject;
  readonly #tell: (flow: LiveFlow) => void;
  readonly #flow: FlowView;
  readonly #counters = { rounds: 0, failures: 0, files: 0, flows: 0 };
  #next: NodeJS.Immediate | undefined;
  #stopped = false;

  /** `object` has the program SAMPLER; `tell` must not keep what it is given. */
  constructor(object: BpfObject, tell: (flow: LiveFlow) => void) {
    this.#object = object;
    this.#tell = tell;
    this.#flow = new FlowView(viewOf(object.mapMemory(FLOWS)));
  }

  get counters(): FlowCounters {
    return this.#counters;
  }

  /** Begins a round, unless one is under way. */
  begin(): void {
    if (this.#next === undefined && !this.#stopped) this.#later();
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#next);
  }

  #later(): void {
    this.#next = setImmediate(() => {
      this.#next = undefined;
      if (this.#batch()) this.#later();
    });
  }

  /** Returns whether the round goes on. */
  #batch(): boolean {
    const flow = this.#flow;
    flow.clear();
    let seen = 0;
    try {
      seen = this.#object.iterate(SAMPLER, BATCH);
    } catch {
      this.#counters.failures += 1;
      return false;
    }
    const { count } = flow;
    const nowMs = Date.now();
    for (let index = 0; index < count; index++) {
      flow.set(index, nowMs);
      this.#tell(flow);
    }
    this.#counters.flows += count;
    this.#counters.files += seen;
    if (seen === 0) this.#counters.rounds += 1;
    return seen > 0;
  }
}
