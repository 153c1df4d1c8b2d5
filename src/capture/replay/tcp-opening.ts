import { type PacketView, TCP_FLAG } from '../../net/packet/packet-view.ts';
import { looksLikeReply } from './create-flow.ts';
import { type Flow, isFromClient, NOT_MEASURED } from './flow.ts';
import type { FlowContext } from './flow-context.ts';
import { attemptedEvent, microseconds, openedEvent } from './flow-events.ts';
import { ahead, type Half, plus, startHalf } from './half.ts';

const SYN_ACK = TCP_FLAG.syn | TCP_FLAG.ack;
const OPENING_FLAGS = SYN_ACK | TCP_FLAG.rst;

/** How a packet without a flow begins one. */
export interface Beginning {
  readonly isReply: boolean;
  readonly isGuess: boolean;
}

/** undefined for packets that no connection begins with for us: resets, lone FINs, odd flags. */
export function beginningOf(view: PacketView): Beginning | undefined {
  const { flags } = view;
  if ((flags & TCP_FLAG.rst) !== 0) return undefined;
  if ((flags & TCP_FLAG.syn) !== 0) return { isReply: (flags & TCP_FLAG.ack) !== 0, isGuess: false };
  if ((flags & TCP_FLAG.ack) === 0) return undefined;
  if ((flags & TCP_FLAG.fin) !== 0 && view.wireEnd === view.at) return undefined;
  return { isReply: looksLikeReply(view), isGuess: true };
}

/**
 * Whether a SYN or SYN-ACK belongs to the next connection of the same ports. A SYN alone does not end an open
 * connection, anybody could send it: the answer of the other side must confirm it.
 */
export function beginsAnew(flow: Flow, view: PacketView, fromClient: boolean): boolean {
  const kind = view.flags & OPENING_FLAGS;
  if (kind !== TCP_FLAG.syn && kind !== SYN_ACK) return false;
  const own = fromClient ? flow.client : flow.server;
  const isRepeat = own.hasIsn && own.isn === view.seq;
  if (kind === SYN_ACK)
    return !isRepeat && (flow.state === 'ended' ? !fromClient : isConfirmed(flow, view, fromClient));
  if (isRepeat) return false;
  if (flow.state === 'ended') return true;
  if (flow.state === 'attempted') return fromClient && own.hasIsn;
  flow.pending = { fromClient, seq: view.seq };
  return false;
}

function isConfirmed({ pending }: Flow, { ack }: PacketView, fromClient: boolean): boolean {
  return pending !== undefined && pending.fromClient !== fromClient && ack === plus(pending.seq, 1);
}

/** SYN, SYN-ACK and their repeats. */
export function handleSyn(context: FlowContext, flow: Flow, view: PacketView): void {
  const own = isFromClient(flow, view) ? flow.client : flow.server;
  const isAck = (view.flags & TCP_FLAG.ack) !== 0;
  if (own.hasIsn) {
    if (own.isn === view.seq) own.retransmits++;
    if (isAck) flow.synAcks++;
    else flow.syns++;
    return;
  }
  own.isn = view.seq;
  own.hasIsn = true;
  own.windowScale = Math.max(0, view.windowScale);
  if (!own.started) startHalf(own, plus(view.seq, 1), true);
  if (isAck) synAck(flow, view);
  else firstSyn(context, flow, own);
}

function firstSyn({ nowMs, emit }: FlowContext, flow: Flow, own: Half): void {
  // Otherwise the SYN-ACK came first, and the attempt has been told.
  if (own !== flow.client || flow.synAcks > 0) return;
  flow.syns = 1;
  flow.synMs = nowMs();
  if (flow.role !== 'server') emit(attemptedEvent(flow, nowMs()));
}

/** Tells the client's first byte, too, when the SYN was not seen. */
function synAck(flow: Flow, view: PacketView): void {
  flow.synAcks++;
  const { client } = flow;
  if (!client.started) startHalf(client, view.ack, true);
}

/** A SYN that is no repeat on a connection that is open: forged, or the next connection, which is not confirmed yet. */
export function isForeignSyn({ state }: Flow, { flags, seq }: PacketView, own: Half): boolean {
  return state === 'open' && (flags & TCP_FLAG.syn) !== 0 && !(own.hasIsn && own.isn === seq);
}

/** Whether a packet proves that both sides have agreed. */
export function opens(flow: Flow, view: PacketView, fromClient: boolean): boolean {
  if ((view.flags & OPENING_FLAGS) !== TCP_FLAG.ack) return false;
  const other = fromClient ? flow.server : flow.client;
  if (!other.hasIsn) return fromClient;
  return ahead(view.ack, other.isn) > 0;
}

export function establish({ nowMs, emit }: FlowContext, flow: Flow, view: PacketView): void {
  flow.state = 'open';
  flow.beganMs = flow.role === 'server' ? nowMs() : flow.firstMs;
  flow.handshakeUs = handshakeUs(flow, view, nowMs());
  emit(openedEvent(flow, nowMs()));
}

/**
 * From the SYN to the acknowledgment of the SYN-ACK: a whole round trip wherever the capture was made. Unknown when
 * something was repeated (whose answer was it?) or the acknowledgment is not the first one.
 */
function handshakeUs(flow: Flow, view: PacketView, nowMs: number): number {
  const { client, server, synMs, syns, synAcks } = flow;
  if (synMs === NOT_MEASURED || syns !== 1 || synAcks !== 1 || view.wireEnd > view.at) return NOT_MEASURED;
  const isThird = view.seq === plus(client.isn, 1) && view.ack === plus(server.isn, 1);
  return isThird ? microseconds(synMs, nowMs) : NOT_MEASURED;
}
