import type { IpAddress } from '../../model/ip-address.ts';
import { emptyTuple, IP_PROTOCOL, type PacketTuple, type PacketView } from '../../net/packet/packet-view.ts';
import { type Flow, NOT_MEASURED } from './flow.ts';
import { createHalf, resetHalf } from './half.ts';
import { type Perspective, perspectiveOf } from './perspective.ts';

/** Ports below are those of services: only the superuser opens them. */
const FIRST_USER_PORT = 1024;
/** Flows that wait to be used again; more are left to the garbage collector. */
const MAX_SPARE = 8192;
/** Pieces of payload, of both directions together, that may tell what is spoken to. */
const SPOKEN_LOOKS = 4;
const NOWHERE = { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0 }, port: 0 } as const;

export interface FlowOrigin {
  readonly id: number;
  readonly nowMs: number;
  /** The packet goes from the server to the client. */
  readonly isReply: boolean;
  /** Who began was not seen. */
  readonly isGuess: boolean;
}

/** Makes flows, out of used ones when there are any: most conversations are short. */
export interface FlowMaker {
  begin(packet: PacketView, origin: FlowOrigin): Flow;
  /** Makes the client of a connection its server: that was a guess, and nothing was told of it. */
  turn(flow: Flow): void;
  /** Takes back a flow that nobody refers to any more. */
  reuse(flow: Flow): void;
}

/** Without an opening to go by: a packet from a port of services to one of users is a reply. */
export function looksLikeReply({ srcPort, dstPort }: PacketTuple): boolean {
  return srcPort < FIRST_USER_PORT && dstPort >= FIRST_USER_PORT;
}

/** One of the ports is of services, the other is not. */
export function portsTell({ srcPort, dstPort }: PacketTuple): boolean {
  return srcPort < FIRST_USER_PORT !== dstPort < FIRST_USER_PORT;
}

export function createFlowMaker(isInternal: (ip: IpAddress) => boolean): FlowMaker {
  const spare: Flow[] = [];
  return {
    begin(packet, { id, nowMs, isReply, isGuess }) {
      const flow = spare.pop() ?? emptyFlow();
      flow.id = id;
      flow.transport = packet.protocol === IP_PROTOCOL.tcp ? 'tcp' : 'udp';
      if (isReply) putReversed(flow.tuple, packet);
      else put(flow.tuple, packet);
      takePerspective(flow, perspectiveOf(flow.tuple, isInternal, isGuess));
      flow.firstMs = flow.lastMs = flow.beganMs = nowMs;
      return flow;
    },
    turn(flow) {
      putReversed(flow.tuple, { ...flow.tuple });
      const { client, server, pending } = flow;
      flow.client = server;
      flow.server = client;
      flow.client.side = 'client';
      flow.server.side = 'server';
      flow.pending = pending && { ...pending, fromClient: !pending.fromClient };
      takePerspective(flow, perspectiveOf(flow.tuple, isInternal, true));
    },
    reuse(flow) {
      if (spare.length === MAX_SPARE) return;
      clear(flow);
      spare.push(flow);
    },
  };
}

function takePerspective(flow: Flow, { role, localIsClient, local, remote }: Perspective): void {
  flow.role = role;
  flow.localIsClient = localIsClient;
  flow.local = local;
  flow.remote = remote;
}

function emptyFlow(): Flow {
  return {
    id: 0,
    transport: 'tcp',
    tuple: emptyTuple(),
    client: createHalf('client'),
    server: createHalf('server'),
    role: 'unknown',
    localIsClient: true,
    local: NOWHERE,
    remote: NOWHERE,
    state: 'attempted',
    firstMs: 0,
    lastMs: 0,
    beganMs: 0,
    synMs: NOT_MEASURED,
    syns: 0,
    synAcks: 0,
    handshakeUs: NOT_MEASURED,
    pending: undefined,
    doubt: undefined,
    looks: 0,
    opened: false,
    consumer: undefined,
    spoken: undefined,
    spokenLooks: SPOKEN_LOOKS,
    isUnrecognised: false,
    isRead: false,
    facts: undefined,
    chain: undefined,
    hash: 0,
    queue: -1,
    older: undefined,
    newer: undefined,
  };
}

/** All that `begin` does not set. */
function clear(flow: Flow): void {
  resetHalf(flow.client);
  resetHalf(flow.server);
  flow.state = 'attempted';
  flow.synMs = flow.handshakeUs = NOT_MEASURED;
  flow.syns = flow.synAcks = flow.looks = 0;
  flow.opened = flow.isRead = false;
  flow.pending = flow.doubt = flow.consumer = flow.facts = flow.chain = flow.spoken = undefined;
  flow.spokenLooks = SPOKEN_LOOKS;
  flow.isUnrecognised = false;
}

function put(tuple: PacketTuple, packet: PacketTuple): void {
  putRest(tuple, packet);
  tuple.src0 = packet.src0;
  tuple.src1 = packet.src1;
  tuple.src2 = packet.src2;
  tuple.src3 = packet.src3;
  tuple.dst0 = packet.dst0;
  tuple.dst1 = packet.dst1;
  tuple.dst2 = packet.dst2;
  tuple.dst3 = packet.dst3;
  tuple.srcPort = packet.srcPort;
  tuple.dstPort = packet.dstPort;
}

function putReversed(tuple: PacketTuple, packet: PacketTuple): void {
  putRest(tuple, packet);
  tuple.src0 = packet.dst0;
  tuple.src1 = packet.dst1;
  tuple.src2 = packet.dst2;
  tuple.src3 = packet.dst3;
  tuple.dst0 = packet.src0;
  tuple.dst1 = packet.src1;
  tuple.dst2 = packet.src2;
  tuple.dst3 = packet.src3;
  tuple.srcPort = packet.dstPort;
  tuple.dstPort = packet.srcPort;
}

function putRest(tuple: PacketTuple, packet: PacketTuple): void {
  tuple.family = packet.family;
  tuple.protocol = packet.protocol;
  tuple.vlan = packet.vlan;
  tuple.tunnel = packet.tunnel;
  tuple.tunnelId = packet.tunnelId;
}
