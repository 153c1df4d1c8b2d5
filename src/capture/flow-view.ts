import type { ConnectionEvent } from '../model/event.ts';
import type { LiveFlow } from '../model/flow.ts';
import type { ServiceProtocol } from '../model/service-protocol.ts';
import {
  AT_FLOW_BATCH_ALL_ENDS,
  AT_FLOW_BATCH_ENDS,
  AT_FLOW_BATCH_FLOWS,
  AT_FLOW_BATCH_SOCKETS,
  AT_FLOW_BYTES_RECEIVED,
  AT_FLOW_BYTES_SENT,
  AT_FLOW_COOKIE,
  AT_FLOW_ENDS,
  AT_FLOW_ENDS_ATTRIBUTION,
  AT_FLOW_ENDS_OWNER,
  AT_FLOW_ENDS_TUPLE,
  AT_FLOW_FLAGS,
  AT_FLOW_RETRANSMITS,
  AT_FLOW_RTT_US,
  AT_FLOW_SEGMENTS_RECEIVED,
  AT_FLOW_SEGMENTS_SENT,
  AT_FLOW_SPOKEN,
  FLOW_FLAG,
  SIZE_FLOW,
  SIZE_FLOW_ENDS,
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

/** Values of the maps of these names. */
export interface FlowMemory {
  readonly flows: RecordView;
  readonly ends: RecordView;
  readonly batch: RecordView;
}

/** One `tg_flow` of a batch, read in place; one view serves for all. */
export class FlowView implements LiveFlow {
  timeMs = 0;
  readonly #view: RecordView;
  readonly #ends: RecordView;
  readonly #batch: RecordView;
  #at = 0;
  #areEndsWanted = false;

  constructor({ flows, ends, batch }: FlowMemory) {
    this.#view = flows;
    this.#ends = ends;
    this.#batch = batch;
  }
  /** How many flows there are. */
  get count(): number {
    return this.#batch.u32[AT_FLOW_BATCH_FLOWS >>> 2] as number;
  }
  /** How many sockets were looked at for them. */
  get sockets(): number {
    return this.#batch.u32[AT_FLOW_BATCH_SOCKETS >>> 2] as number;
  }
  /** Begins a new batch. */
  clear(): void {
    for (const field of [AT_FLOW_BATCH_FLOWS, AT_FLOW_BATCH_ENDS, AT_FLOW_BATCH_SOCKETS])
      this.#batch.u32[field >>> 2] = 0;
  }
  /** Begins a new round: the kernel side tells all ends in it if some were wanted in the last that had been told before. */
  beginRound(): void {
    this.#batch.u32[AT_FLOW_BATCH_ALL_ENDS >>> 2] = this.#areEndsWanted ? 1 : 0;
    this.#areEndsWanted = false;
  }
  /** Points at a flow of the batch, from 0. */
  set(index: number, timeMs: number): void {
    this.#at = index * SIZE_FLOW;
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
    return this.#has(FLOW_FLAG.OLDER) && this.#has(FLOW_FLAG.FIRST);
  }
  event(): ConnectionEvent | undefined {
    const place = this.#u32(AT_FLOW_ENDS);
    if (!this.#has(FLOW_FLAG.FIRST)) this.#areEndsWanted = true;
    if (place === 0) return undefined;
    const ends = (place - 1) * SIZE_FLOW_ENDS;
    const tuple = ends + AT_FLOW_ENDS_TUPLE;
    return {
      kind: 'connection',
      phase: 'established',
      timeMs: this.timeMs,
      transport: 'tcp',
      role: readRole(this.#ends, tuple),
      local: readLocal(this.#ends, tuple),
      remote: readRemote(this.#ends, tuple),
      socketId: this.socketId,
      owner: readOwner(this.#ends, ends + AT_FLOW_ENDS_OWNER),
      attribution: ATTRIBUTIONS[this.#ends.u8[ends + AT_FLOW_ENDS_ATTRIBUTION] as number] ?? 'unknown',
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
