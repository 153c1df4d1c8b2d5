import type { ConnectionEvent } from '../model/event.ts';
import type { LiveFlow } from '../model/flow.ts';
import type { ServiceProtocol } from '../model/service-protocol.ts';
import {
  AT_FLOW_ATTRIBUTION,
  AT_FLOW_BYTES_RECEIVED,
  AT_FLOW_BYTES_SENT,
  AT_FLOW_COOKIE,
  AT_FLOW_FLAGS,
  AT_FLOW_OWNER,
  AT_FLOW_RETRANSMITS,
  AT_FLOW_RTT_US,
  AT_FLOW_SEGMENTS_RECEIVED,
  AT_FLOW_SEGMENTS_SENT,
  AT_FLOW_SPOKEN,
  AT_FLOW_TUPLE,
  FLOW_FLAG,
  SIZE_FLOW,
} from './layout.gen.ts';
import {
  ATTRIBUTIONS,
  type RecordView,
  readLocal,
  readOwner,
  readRemote,
  readRole,
  SPOKEN,
  u64,
} from './record-view.ts';

/** One `tg_flow` of a batch, read in place; one view serves for all. */
export class FlowView implements LiveFlow {
  timeMs = 0;
  readonly #view: RecordView;
  #at = 0;

  /** `view` spans the values of the map tg_flows. */
  constructor(view: RecordView) {
    this.#view = view;
  }
  /** How many flows there are; setting 0 begins a new batch. */
  get count(): number {
    return u64(this.#view, AT_FLOW_COOKIE);
  }
  clear(): void {
    this.#view.u32[AT_FLOW_COOKIE >>> 2] = 0;
  }
  /** Points at a flow of the batch, from 0. */
  set(index: number, timeMs: number): void {
    this.#at = (index + 1) * SIZE_FLOW;
    this.timeMs = timeMs;
  }
  get socketId(): number {
    return u64(this.#view, this.#at + AT_FLOW_COOKIE);
  }
  get bytesSent(): number {
    return u64(this.#view, this.#at + AT_FLOW_BYTES_SENT);
  }
  get bytesReceived(): number {
    return u64(this.#view, this.#at + AT_FLOW_BYTES_RECEIVED);
  }
  get segmentsSent(): number {
    return this.#u32(AT_FLOW_SEGMENTS_SENT);
  }
  get segmentsReceived(): number {
    return this.#u32(AT_FLOW_SEGMENTS_RECEIVED);
  }
  get retransmits(): number {
    return this.#u32(AT_FLOW_RETRANSMITS);
  }
  get rttUs(): number {
    return this.#u32(AT_FLOW_RTT_US);
  }
  get spoken(): ServiceProtocol | undefined {
    return SPOKEN[this.#view.u8[this.#at + AT_FLOW_SPOKEN] as number];
  }
  get isFirst(): boolean {
    return this.#has(FLOW_FLAG.FIRST);
  }
  event(): ConnectionEvent {
    const tuple = this.#at + AT_FLOW_TUPLE;
    return {
      kind: 'connection',
      phase: 'established',
      timeMs: this.timeMs,
      transport: 'tcp',
      role: readRole(this.#view, tuple),
      local: readLocal(this.#view, tuple),
      remote: readRemote(this.#view, tuple),
      socketId: this.socketId,
      owner: readOwner(this.#view, this.#at + AT_FLOW_OWNER),
      attribution: ATTRIBUTIONS[this.#view.u8[this.#at + AT_FLOW_ATTRIBUTION] as number] ?? 'unknown',
      process: undefined,
      workload: undefined,
      ...(this.#has(FLOW_FLAG.LISTED) ? { isListed: true } : {}),
    };
  }

  #has(flag: number): boolean {
    return ((this.#view.u8[this.#at + AT_FLOW_FLAGS] as number) & flag) !== 0;
  }

  #u32(offset: number): number {
    return this.#view.u32[(this.#at + offset) >>> 2] as number;
  }
}
