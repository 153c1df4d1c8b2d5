import {
  AT_CONNECTION_ATTRIBUTION,
  AT_CONNECTION_COOKIE,
  AT_CONNECTION_END_BEGAN_NS,
  AT_CONNECTION_END_REASON,
  AT_CONNECTION_OWNER,
  AT_CONNECTION_PHASE,
  AT_CONNECTION_RTT_US,
  AT_CONNECTION_TUPLE,
  AT_EXEC_DETAIL_ARGS,
  AT_EXEC_DETAIL_ARGS_SIZE,
  AT_EXEC_DETAIL_PATH,
  AT_EXEC_DETAIL_PATH_SIZE,
  AT_EXEC_FILENAME,
  AT_EXEC_OWNER,
  AT_EXIT_OWNER,
  AT_HEAD_KIND,
  AT_HEAD_SIZE,
  AT_HEAD_TIME_NS,
  AT_OWNER_COMM,
  AT_OWNER_EXEC_ID,
  AT_OWNER_PARENT_PID,
  AT_OWNER_PID,
  AT_OWNER_START_NS,
  AT_TUPLE_FAMILY,
  AT_TUPLE_LOCAL_IP,
  AT_TUPLE_LOCAL_PORT,
  AT_TUPLE_PROTOCOL,
  AT_TUPLE_REMOTE_IP,
  AT_TUPLE_REMOTE_PORT,
  AT_TUPLE_ROLE,
  ATTRIBUTION,
  PHASE,
  REASON,
  RECORD_KIND,
  ROLE,
  SIZE_CONNECTION,
  SIZE_CONNECTION_END,
  SIZE_EXEC_DETAIL,
  SIZE_EXIT,
} from '../../src/capture/layout.gen.ts';

const IPPROTO_TCP = 6;
const NAMES = ['nginx', 'curl', 'postgres', 'sshd', 'node', 'java', 'python3', 'systemd-resolve'];

/** Writes records as the kernel programs would, one after the other, each a little different from the last. */
export class RecordWriter {
  readonly #buffer: Buffer;
  #at = 0;
  #serial = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = Buffer.from(buffer);
  }

  get bytes(): number {
    return this.#at;
  }

  /** Each of these writes nothing and returns false when the buffer has no room left. */
  attempted(): boolean {
    return this.#connection(RECORD_KIND.CONNECTION, SIZE_CONNECTION, PHASE.ATTEMPTED);
  }

  established(): boolean {
    return this.#connection(RECORD_KIND.CONNECTION, SIZE_CONNECTION, PHASE.ESTABLISHED);
  }

  closed(): boolean {
    return this.#connection(RECORD_KIND.CONNECTION_END, SIZE_CONNECTION_END, PHASE.CLOSED);
  }

  exec(): boolean {
    const at = this.#begin(RECORD_KIND.EXEC_DETAIL, SIZE_EXEC_DETAIL);
    if (at === undefined) return false;
    this.#owner(at + AT_EXEC_OWNER);
    this.#buffer.write('/usr/sbin/nginx', at + AT_EXEC_FILENAME);
    this.#text('nginx\0sbin\0usr\0', at + AT_EXEC_DETAIL_PATH, at + AT_EXEC_DETAIL_PATH_SIZE);
    this.#text('nginx\0-g\0daemon off;\0', at + AT_EXEC_DETAIL_ARGS, at + AT_EXEC_DETAIL_ARGS_SIZE);
    return true;
  }

  exit(): boolean {
    const at = this.#begin(RECORD_KIND.EXIT, SIZE_EXIT);
    if (at !== undefined) this.#owner(at + AT_EXIT_OWNER);
    return at !== undefined;
  }

  #begin(kind: number, size: number): number | undefined {
    const at = this.#at;
    if (at + size > this.#buffer.length) return undefined;
    this.#at += size;
    this.#serial++;
    this.#buffer.writeBigUInt64LE(3_600_000_000_000n + BigInt(this.#serial) * 1000n, at + AT_HEAD_TIME_NS);
    this.#buffer.writeUInt32LE(size, at + AT_HEAD_SIZE);
    this.#buffer.writeUInt16LE(kind, at + AT_HEAD_KIND);
    return at;
  }

  #text(text: string, at: number, sizeAt: number): void {
    this.#buffer.write(text, at);
    this.#buffer.writeUInt32LE(text.length, sizeAt);
  }

  #owner(at: number): void {
    const pid = 1000 + (this.#serial % 64);
    this.#buffer.writeBigUInt64LE(1_000_000_000n + BigInt(pid), at + AT_OWNER_START_NS);
    this.#buffer.writeBigUInt64LE(2_000_000_000n + BigInt(pid), at + AT_OWNER_EXEC_ID);
    this.#buffer.writeUInt32LE(pid, at + AT_OWNER_PID);
    this.#buffer.writeUInt32LE(1, at + AT_OWNER_PARENT_PID);
    this.#buffer.write(NAMES[pid % NAMES.length] ?? '', at + AT_OWNER_COMM);
  }

  #connection(kind: number, size: number, phase: number): boolean {
    const at = this.#begin(kind, size);
    if (at === undefined) return false;
    this.#tuple(at + AT_CONNECTION_TUPLE);
    this.#owner(at + AT_CONNECTION_OWNER);
    this.#buffer.writeBigUInt64LE(BigInt(this.#serial), at + AT_CONNECTION_COOKIE);
    this.#buffer.writeUInt32LE(phase === PHASE.ATTEMPTED ? 0 : 120, at + AT_CONNECTION_RTT_US);
    this.#buffer.writeUInt8(phase, at + AT_CONNECTION_PHASE);
    this.#buffer.writeUInt8(ATTRIBUTION.SOCKET, at + AT_CONNECTION_ATTRIBUTION);
    if (kind === RECORD_KIND.CONNECTION_END) {
      this.#buffer.writeBigUInt64LE(3_500_000_000_000n, at + AT_CONNECTION_END_BEGAN_NS);
      this.#buffer.writeUInt32LE(REASON.CLOSED, at + AT_CONNECTION_END_REASON);
    }
    return true;
  }

  #tuple(at: number): void {
    this.#buffer.writeUInt32LE(0xc0_00_02_02, at + AT_TUPLE_LOCAL_IP + 12);
    this.#buffer.writeUInt32LE(0xc6_33_64_00 + (this.#serial % 254), at + AT_TUPLE_REMOTE_IP + 12);
    this.#buffer.writeUInt16LE(20_000 + (this.#serial % 40_000), at + AT_TUPLE_LOCAL_PORT);
    this.#buffer.writeUInt16LE(443, at + AT_TUPLE_REMOTE_PORT);
    this.#buffer.writeUInt8(4, at + AT_TUPLE_FAMILY);
    this.#buffer.writeUInt8(IPPROTO_TCP, at + AT_TUPLE_PROTOCOL);
    this.#buffer.writeUInt8(ROLE.CLIENT, at + AT_TUPLE_ROLE);
  }
}
