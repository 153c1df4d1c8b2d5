import type { ConversationFacts, StreamConsumer } from '../../model/conversation.ts';
import type { Role, Transport } from '../../model/event.ts';
import type { Endpoint } from '../../model/ip-address.ts';
import type { ServiceProtocol } from '../../model/service-protocol.ts';
import type { PacketTuple } from '../../net/packet/packet-view.ts';
import type { Half } from './half.ts';

/** `ended`: reported as over, and remembered for a while so that late packets are not taken for something new. */
export type FlowState = 'attempted' | 'open' | 'ended';

/** A SYN on a connection that is still open: either forged, or the next connection of the same ports. */
export interface PendingSyn {
  readonly fromClient: boolean;
  readonly seq: number;
}

/**
 * A reset in the window that is not the next byte: its receiver challenges it instead of obeying (RFC 5961, 3.2), so it is
 * forged unless what lies before it was lost. Nothing of the connection may follow, else it was.
 */
export interface DoubtfulReset {
  readonly fromClient: boolean;
  readonly timeMs: number;
  /** How many of them there were. */
  count: number;
}

/** A time or duration that was not measured. */
export const NOT_MEASURED = -1;

/** One conversation. `tuple.src*` is the client. The objects are used again for later conversations. */
export interface Flow {
  /** Number in order of first packets, from 1. */
  id: number;
  transport: Transport;
  readonly tuple: PacketTuple;
  client: Half;
  server: Half;
  role: Role;
  localIsClient: boolean;
  local: Endpoint;
  remote: Endpoint;
  state: FlowState;
  firstMs: number;
  lastMs: number;
  /** Begin of the duration: the attempt, or the accept. */
  beganMs: number;
  /** Time of the first SYN. */
  synMs: number;
  syns: number;
  synAcks: number;
  handshakeUs: number;
  pending: PendingSyn | undefined;
  doubt: DoubtfulReset | undefined;
  /** Packets that may still tell which end serves; until then nothing is told of a connection that was joined late. */
  looks: number;
  /** Whether `openStream` was asked, and what it gave. */
  opened: boolean;
  consumer: StreamConsumer | undefined;
  /** The store, cache or broker that first bytes told, and how many pieces may still tell. */
  spoken: ServiceProtocol | undefined;
  spokenLooks: number;
  /** The client's first bytes fit nothing that is known. */
  isUnrecognised: boolean;
  /** Somebody reads all its datagrams; of others, those that may begin with a hello. */
  isRead: boolean;
  facts: ConversationFacts | undefined;
  /** Next in the same bucket of the index. */
  chain: Flow | undefined;
  hash: number;
  /** Place in the idle queues; -1 for none. */
  queue: number;
  older: Flow | undefined;
  newer: Flow | undefined;
}

/** Both sides have said that they send no more. */
export function isClosing({ client, server }: Flow): boolean {
  return client.hasFin && server.hasFin;
}

/** Whether a packet goes from client to server. */
export function isFromClient({ tuple }: Flow, packet: PacketTuple): boolean {
  return (
    packet.srcPort === tuple.srcPort &&
    packet.dstPort === tuple.dstPort &&
    packet.src3 === tuple.src3 &&
    packet.dst3 === tuple.dst3 &&
    packet.src2 === tuple.src2 &&
    packet.dst2 === tuple.dst2 &&
    packet.src1 === tuple.src1 &&
    packet.dst1 === tuple.dst1 &&
    packet.src0 === tuple.src0 &&
    packet.dst0 === tuple.dst0
  );
}

export function isFromServer({ tuple }: Flow, packet: PacketTuple): boolean {
  return (
    packet.srcPort === tuple.dstPort &&
    packet.dstPort === tuple.srcPort &&
    packet.src3 === tuple.dst3 &&
    packet.dst3 === tuple.src3 &&
    packet.src2 === tuple.dst2 &&
    packet.dst2 === tuple.src2 &&
    packet.src1 === tuple.dst1 &&
    packet.dst1 === tuple.src1 &&
    packet.src0 === tuple.dst0 &&
    packet.dst0 === tuple.src0
  );
}
