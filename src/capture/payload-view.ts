import type { ConversationFacts, Role } from '../model/conversation.ts';
import type { Attribution } from '../model/process.ts';
import {
  AT_HEAD_TIME_NS,
  AT_PAYLOAD_ATTRIBUTION,
  AT_PAYLOAD_COOKIE,
  AT_PAYLOAD_DIRECTION,
  AT_PAYLOAD_FLAGS,
  AT_PAYLOAD_LENGTH,
  AT_PAYLOAD_ORDINAL,
  AT_PAYLOAD_OWNER,
  AT_PAYLOAD_PASSED,
  AT_PAYLOAD_SEQ,
  AT_PAYLOAD_TUPLE,
  AT_TUPLE_PROTOCOL,
  SIZE_PAYLOAD,
} from './layout.gen.ts';
import {
  ATTRIBUTIONS,
  IPPROTO_UDP,
  type RecordView,
  readLocal,
  readOwner,
  readRemote,
  readRole,
  u64,
} from './record-view.ts';

const NS_PER_MS = 1e6;
const NO_RECORD: RecordView = { u8: new Uint8Array(0), u16: new Uint16Array(0), u32: new Uint32Array(0) };

/** Part of what a conversation said, read in place; one view is reused for all. Field meanings: `struct tg_payload`. */
export class PayloadView {
  #view: RecordView = NO_RECORD;
  #at = 0;
  #epochOffsetMs = 0;

  /** Points at the record at byte `at`. */
  set(view: RecordView, at: number, epochOffsetMs: number): void {
    this.#view = view;
    this.#at = at;
    this.#epochOffsetMs = epochOffsetMs;
  }
  get timeMs(): number {
    return u64(this.#view, this.#at + AT_HEAD_TIME_NS) / NS_PER_MS + this.#epochOffsetMs;
  }
  get socketId(): number {
    return u64(this.#view, this.#at + AT_PAYLOAD_COOKIE);
  }
  get seq(): number {
    return this.#u32(AT_PAYLOAD_SEQ);
  }
  get length(): number {
    return this.#u32(AT_PAYLOAD_LENGTH);
  }
  get passed(): number {
    return this.#u32(AT_PAYLOAD_PASSED);
  }
  get ordinal(): number {
    return this.#u32(AT_PAYLOAD_ORDINAL);
  }
  /** Bits of PIECE. */
  get flags(): number {
    return this.#view.u8[this.#at + AT_PAYLOAD_FLAGS] as number;
  }
  /** Value of DIRECTION. */
  get direction(): 0 | 1 {
    return this.#view.u8[this.#at + AT_PAYLOAD_DIRECTION] === 1 ? 1 : 0;
  }
  get isUdp(): boolean {
    return this.#view.u8[this.#at + AT_PAYLOAD_TUPLE + AT_TUPLE_PROTOCOL] === IPPROTO_UDP;
  }
  get role(): Role {
    return readRole(this.#view, this.#at + AT_PAYLOAD_TUPLE);
  }
  get attribution(): Attribution {
    return ATTRIBUTIONS[this.#view.u8[this.#at + AT_PAYLOAD_ATTRIBUTION] as number] ?? 'unknown';
  }
  /** Of the slab: copy what must be kept. */
  bytes(): Uint8Array {
    const start = this.#at + SIZE_PAYLOAD;
    return this.#view.u8.subarray(start, start + this.length);
  }
  /** Ends and owner, with this record's time. */
  facts(): ConversationFacts {
    const tuple = this.#at + AT_PAYLOAD_TUPLE;
    return {
      timeMs: this.timeMs,
      transport: this.isUdp ? 'udp' : 'tcp',
      role: this.role,
      local: readLocal(this.#view, tuple),
      remote: readRemote(this.#view, tuple),
      socketId: this.socketId,
      owner: this.owner(),
      attribution: this.attribution,
      process: undefined,
      workload: undefined,
    };
  }
  owner(): ConversationFacts['owner'] {
    return readOwner(this.#view, this.#at + AT_PAYLOAD_OWNER);
  }

  #u32(offset: number): number {
    return this.#view.u32[(this.#at + offset) >>> 2] as number;
  }
}
