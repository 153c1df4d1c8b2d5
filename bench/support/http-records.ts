import {
  AT_CONNECTION_ATTRIBUTION,
  AT_CONNECTION_COOKIE,
  AT_CONNECTION_END_BEGAN_NS,
  AT_CONNECTION_END_BYTES_SENT,
  AT_CONNECTION_END_REASON,
  AT_CONNECTION_OWNER,
  AT_CONNECTION_PHASE,
  AT_CONNECTION_RTT_US,
  AT_CONNECTION_TUPLE,
  AT_HEAD_KIND,
  AT_HEAD_SIZE,
  AT_HEAD_TIME_NS,
  AT_OWNER_COMM,
  AT_OWNER_EXEC_ID,
  AT_OWNER_PID,
  AT_OWNER_START_NS,
  AT_PAYLOAD_ATTRIBUTION,
  AT_PAYLOAD_COOKIE,
  AT_PAYLOAD_DIRECTION,
  AT_PAYLOAD_FLAGS,
  AT_PAYLOAD_LENGTH,
  AT_PAYLOAD_ORDINAL,
  AT_PAYLOAD_OWNER,
  AT_PAYLOAD_SEQ,
  AT_PAYLOAD_TUPLE,
  AT_STREAM_CLOSED_COOKIE,
  AT_TUPLE_FAMILY,
  AT_TUPLE_LOCAL_IP,
  AT_TUPLE_LOCAL_PORT,
  AT_TUPLE_PROTOCOL,
  AT_TUPLE_REMOTE_IP,
  AT_TUPLE_REMOTE_PORT,
  AT_TUPLE_ROLE,
  ATTRIBUTION,
  DIRECTION,
  PHASE,
  PIECE,
  REASON,
  RECORD_KIND,
  ROLE,
  SIZE_CONNECTION,
  SIZE_CONNECTION_END,
  SIZE_PAYLOAD,
  SIZE_STREAM_CLOSED,
} from '../../src/capture/layout.gen.ts';

const LOOPBACK = 0x7f000001;
const IPPROTO_TCP = 6;
const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\n\r\n');
const RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Thu, 26 Nov 2026 07:22:06 GMT\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n',
);
/** Room that every record of ours fits into. */
const ENOUGH = 1024;

interface Socket {
  readonly cookie: number;
  readonly port: number;
  /** Exchanges so far. */
  exchanges: number;
  /** Records of the exchange that is under way. */
  told: number;
}

/** Records as the kernel makes them of an HTTP server's connections, of which 32 are open at a time, in mixed order. */
export class HttpRecords {
  #buffer = Buffer.alloc(0);
  #at = 0;
  #timeNs = 3_600_000_000_000n;
  #cookie = 4_096;
  #random = 1;
  readonly #open: Socket[] = [];
  readonly #keepAlive: boolean;

  /** `keepAlive`: all exchanges go over the same 32 connections; else each has a connection of its own. */
  constructor(keepAlive: boolean) {
    this.#keepAlive = keepAlive;
    while (this.#open.length < 32) this.#open.push(this.#socket());
  }

  /** Milliseconds of the records' clock that have passed. */
  get timeMs(): number {
    return Number(this.#timeNs / 1_000_000n);
  }

  /** Fills the slab; gives the bytes used and how many exchanges became whole. */
  fill(slab: ArrayBuffer): { readonly bytes: number; readonly exchanges: number } {
    this.#buffer = Buffer.from(slab).fill(0);
    this.#at = 0;
    let exchanges = 0;
    while (this.#at + ENOUGH <= this.#buffer.length) if (this.#step()) exchanges++;
    return { bytes: this.#at, exchanges };
  }

  #socket(): Socket {
    this.#cookie++;
    return { cookie: this.#cookie, port: 20_000 + (this.#cookie % 40_000), exchanges: 0, told: 0 };
  }

  /** One record of some connection; true when it ends an exchange. */
  #step(): boolean {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    const place = this.#random % this.#open.length;
    const socket = this.#open[place] as Socket;
    const steps = this.#keepAlive ? KEPT_STEPS : SHORT_STEPS;
    this.#write(socket, steps[socket.told++] as Step);
    if (socket.told < steps.length) return false;
    socket.told = 0;
    socket.exchanges++;
    if (!this.#keepAlive) this.#open[place] = this.#socket();
    return true;
  }

  #write(socket: Socket, step: Step): void {
    switch (step) {
      case 'accepted':
        this.#connection(socket, PHASE.ACCEPTED, SIZE_CONNECTION, RECORD_KIND.CONNECTION);
        break;
      case 'request':
        this.#payload(socket, DIRECTION.RECEIVED, REQUEST);
        break;
      case 'response':
        this.#payload(socket, DIRECTION.SENT, RESPONSE);
        break;
      case 'closed':
        this.#closed(socket);
        break;
      default:
        this.#put64(
          this.#begin(RECORD_KIND.STREAM_CLOSED, SIZE_STREAM_CLOSED) + AT_STREAM_CLOSED_COOKIE,
          socket.cookie,
        );
    }
  }

  #begin(kind: number, size: number): number {
    const at = this.#at;
    this.#at += size;
    this.#timeNs += 8_000n;
    this.#buffer.writeBigUInt64LE(this.#timeNs, at + AT_HEAD_TIME_NS);
    this.#buffer.writeUInt32LE(size, at + AT_HEAD_SIZE);
    this.#buffer.writeUInt16LE(kind, at + AT_HEAD_KIND);
    return at;
  }

  #put64(at: number, value: number): void {
    this.#buffer.writeBigUInt64LE(BigInt(value), at);
  }

  #owner(at: number): void {
    this.#put64(at + AT_OWNER_START_NS, 1_000_000_000);
    this.#put64(at + AT_OWNER_EXEC_ID, 2_000_000_000);
    this.#buffer.writeUInt32LE(4_711, at + AT_OWNER_PID);
    this.#buffer.write('nginx', at + AT_OWNER_COMM);
  }

  #tuple(at: number, port: number): void {
    for (const end of [AT_TUPLE_LOCAL_IP, AT_TUPLE_REMOTE_IP])
      this.#buffer.writeUInt32LE(LOOPBACK, at + end + 12);
    this.#buffer.writeUInt16LE(8_080, at + AT_TUPLE_LOCAL_PORT);
    this.#buffer.writeUInt16LE(port, at + AT_TUPLE_REMOTE_PORT);
    this.#buffer.writeUInt8(4, at + AT_TUPLE_FAMILY);
    this.#buffer.writeUInt8(IPPROTO_TCP, at + AT_TUPLE_PROTOCOL);
    this.#buffer.writeUInt8(ROLE.SERVER, at + AT_TUPLE_ROLE);
  }

  #connection({ cookie, port }: Socket, phase: number, size: number, kind: number): number {
    const at = this.#begin(kind, size);
    this.#tuple(at + AT_CONNECTION_TUPLE, port);
    this.#owner(at + AT_CONNECTION_OWNER);
    this.#put64(at + AT_CONNECTION_COOKIE, cookie);
    this.#buffer.writeUInt32LE(120, at + AT_CONNECTION_RTT_US);
    this.#buffer.writeUInt8(phase, at + AT_CONNECTION_PHASE);
    this.#buffer.writeUInt8(ATTRIBUTION.SOCKET, at + AT_CONNECTION_ATTRIBUTION);
    return at;
  }

  #closed(socket: Socket): void {
    const at = this.#connection(socket, PHASE.CLOSED, SIZE_CONNECTION_END, RECORD_KIND.CONNECTION_END);
    this.#buffer.writeBigUInt64LE(this.#timeNs - 1_000_000n, at + AT_CONNECTION_END_BEGAN_NS);
    this.#buffer.writeUInt32LE(REASON.CLOSED, at + AT_CONNECTION_END_REASON);
    this.#put64(at + AT_CONNECTION_END_BYTES_SENT, RESPONSE.length);
  }

  #payload({ cookie, port, exchanges }: Socket, direction: number, bytes: Buffer): void {
    const at = this.#begin(RECORD_KIND.PAYLOAD, (SIZE_PAYLOAD + bytes.length + 7) & ~7);
    this.#tuple(at + AT_PAYLOAD_TUPLE, port);
    this.#owner(at + AT_PAYLOAD_OWNER);
    this.#put64(at + AT_PAYLOAD_COOKIE, cookie);
    this.#buffer.writeUInt32LE((1_000 + exchanges * bytes.length) >>> 0, at + AT_PAYLOAD_SEQ);
    this.#buffer.writeUInt32LE(bytes.length, at + AT_PAYLOAD_LENGTH);
    this.#buffer.writeUInt32LE(exchanges, at + AT_PAYLOAD_ORDINAL);
    this.#buffer.writeUInt8(direction, at + AT_PAYLOAD_DIRECTION);
    this.#buffer.writeUInt8(ATTRIBUTION.SOCKET, at + AT_PAYLOAD_ATTRIBUTION);
    this.#buffer.writeUInt8(PIECE.COMPLETE, at + AT_PAYLOAD_FLAGS);
    bytes.copy(this.#buffer, at + SIZE_PAYLOAD);
  }
}

type Step = 'accepted' | 'request' | 'response' | 'closed' | 'over';
const SHORT_STEPS: readonly Step[] = ['accepted', 'request', 'response', 'closed', 'over'];
const KEPT_STEPS: readonly Step[] = ['request', 'response'];
