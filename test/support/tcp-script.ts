/** A TCP conversation told step by step, and the packets that it makes. */
import { BEGIN_NS, type TimedPacket } from './capture-files.ts';
import { type Bytes, ETHER, ethernet, ip, PROTO, type TcpFields, tcp } from './packets.ts';

export interface Ends {
  readonly client?: string;
  readonly server?: string;
  readonly clientPort?: number;
  readonly serverPort?: number;
  readonly clientIsn?: number;
  readonly serverIsn?: number;
}

/** Speaks for both sides, keeping their sequence numbers. Times are milliseconds from `BEGIN_NS`. */
export interface TcpScript {
  readonly packets: TimedPacket[];
  /** Where the next byte of a side will be, and what it has acknowledged. */
  readonly next: Record<Speaker, number>;
  /** A packet of a side with the right numbers; fields given replace them. */
  say(from: Speaker, flags: string, payload?: Bytes, fields?: TcpFields): TimedPacket;
  /** Moves the clock. */
  wait(ms: number): void;
  handshake(): void;
  /** Both sides close, the client first. */
  close(): void;
}

export type Speaker = 'client' | 'server';

const NOTHING = new Uint8Array(0);
const NS_PER_MS = 1_000_000n;

export function tcpScript(ends: Ends = {}, beginMs = 0): TcpScript {
  const { client = '192.0.2.1', server = '198.51.100.2', clientPort = 40_000, serverPort = 80 } = ends;
  const { clientIsn = 1000, serverIsn = 900_000 } = ends;
  const packets: TimedPacket[] = [];
  const next = { client: clientIsn, server: serverIsn };
  let timeNs = BEGIN_NS + BigInt(beginMs) * NS_PER_MS;

  function say(from: Speaker, flags: string, payload: Bytes = NOTHING, fields: TcpFields = {}): TimedPacket {
    const isClient = from === 'client';
    const other = isClient ? 'server' : 'client';
    const ports = isClient
      ? { srcPort: clientPort, dstPort: serverPort }
      : { srcPort: serverPort, dstPort: clientPort };
    const seq = fields.seq ?? next[from];
    const ack = flags.includes('A') ? next[other] : 0;
    const segment = tcp({ ...ports, ack, flags, ...fields, seq }, payload);
    const addresses = isClient ? { src: client, dst: server } : { src: server, dst: client };
    const type = client.includes(':') ? ETHER.ipv6 : ETHER.ipv4;
    const packet = { bytes: ethernet(type, ip({ ...addresses, protocol: PROTO.tcp }, segment)), timeNs };
    packets.push(packet);
    if (fields.seq === undefined) {
      next[from] = (seq + payload.length + (flags.includes('S') || flags.includes('F') ? 1 : 0)) >>> 0;
    }
    return packet;
  }
  function wait(ms: number): void {
    timeNs += BigInt(Math.round(ms * 1e6));
  }

  return {
    packets,
    next,
    say,
    wait,
    handshake() {
      say('client', 'S');
      wait(1);
      say('server', 'SA');
      wait(2);
      say('client', 'A');
    },
    close() {
      say('client', 'FA');
      say('server', 'FA');
      say('client', 'A');
    },
  };
}
