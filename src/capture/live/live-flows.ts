import type { LiveFlow } from '../../model/flow.ts';
import type { BpfObject } from '../addon.ts';
import { FlowView } from '../flow-view.ts';
import { viewOf } from '../record-view.ts';
import type { LoadedObject } from './load-object.ts';
import type { ObjectName } from './plan.ts';

const SAMPLER = 'tg_sample_flows';
/** What it walks over. */
const SOCKETS = 'tg_sockets';
/** More than the program writes in one read, which it ends by itself. */
const MOST_BYTES = 64;

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
  /** Walks over all sockets that came to their end, and that the kernel broke off. */
  readonly rounds: number;
  readonly failures: number;
  /** Looked at. */
  readonly sockets: number;
  /** Connections that had news. */
  readonly flows: number;
}

/**
 * Reads the counters of TCP connections that are open, out of their sockets, which the kernel finds by the state that it keeps
 * on them: that reaches all network namespaces. Each round tells those that moved since the last.
 */
export class LiveFlows {
  readonly #object: BpfObject;
  readonly #tell: (flow: LiveFlow) => void;
  readonly #flow: FlowView;
  readonly #counters = { rounds: 0, failures: 0, sockets: 0, flows: 0 };
  #next: NodeJS.Immediate | undefined;
  #stopped = false;

  /** `object` has the program SAMPLER; `tell` must not keep what it is given. */
  constructor(object: BpfObject, tell: (flow: LiveFlow) => void) {
    this.#object = object;
    this.#tell = tell;
    const memory = (map: string) => viewOf(object.mapMemory(map));
    this.#flow = new FlowView({
      flows: memory('tg_flows'),
      ends: memory('tg_flow_ends'),
      batch: memory('tg_flow_batch'),
    });
  }

  get counters(): FlowCounters {
    return this.#counters;
  }

  /** Begins a round, unless one is under way. */
  begin(): void {
    if (this.#next !== undefined || this.#stopped) return;
    this.#flow.beginRound();
    this.#later();
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

  /**
   * Returns whether the round goes on. What was read is told at once: between two turns of the event loop a connection may end, and
   * its end would be told before what it did.
   */
  #batch(): boolean {
    const flow = this.#flow;
    flow.clear();
    let goesOn = 0;
    try {
      goesOn = this.#object.iterate(SAMPLER, MOST_BYTES, SOCKETS);
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
    this.#counters.sockets += flow.sockets;
    if (goesOn === 0) this.#counters.rounds += 1;
    return goesOn > 0;
  }
}
