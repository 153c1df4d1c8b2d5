import { type PacketView, TCP_FLAG } from '../../net/packet/packet-view.ts';
import { type Flow, isFromClient } from './flow.ts';
import type { FlowContext, Outcome } from './flow-context.ts';
import { attemptedEvent, openedEvent } from './flow-events.ts';
import { ahead, type Half, isFinAcked, plus } from './half.ts';
import { QUEUE } from './idle-queues.ts';
import { establish, handleSyn, isForeignSyn, opens } from './tcp-opening.ts';

/** Largest scale of a window (RFC 7323), for connections whose SYN was not seen. */
const MAX_WINDOW_SCALE = 14;

/** Takes a packet of a flow that has not ended. */
export function trackTcp(context: FlowContext, flow: Flow, view: PacketView): void {
  const fromClient = isFromClient(flow, view);
  const own = fromClient ? flow.client : flow.server;
  const peer = fromClient ? flow.server : flow.client;
  const { flags } = view;
  own.segments++;
  if ((flags & TCP_FLAG.rst) !== 0) {
    handleReset(context, flow, view);
    return;
  }
  if ((flags & (TCP_FLAG.syn | TCP_FLAG.ack)) === 0) {
    context.counters.withoutAck++;
    return;
  }
  if (isForeignSyn(flow, view, own)) {
    context.counters.outOfWindow++;
    return;
  }
  if ((flags & TCP_FLAG.syn) !== 0) handleSyn(context, flow, view);
  if (flow.state === 'attempted' && opens(flow, view, fromClient)) establish(context, flow, view);
  if ((flags & TCP_FLAG.ack) !== 0) {
    context.reassembler.acknowledge(flow, peer, view.ack);
    own.window = view.window;
  }
  takePayload(context, flow, view, own);
  if (isFinAcked(flow.client) && isFinAcked(flow.server))
    context.end(flow, { phase: 'closed', reason: 'closed' });
  else context.touch(flow, queueOf(flow));
}

/** A connection whose beginning was not seen: it exists, who began it is unknown. */
export function joinTcp({ nowMs, emit }: FlowContext, flow: Flow): void {
  flow.state = 'open';
  emit(openedEvent(flow, nowMs()));
}

/** A connection that begins with the answer to a SYN that was not seen. */
export function beginWithAnswer({ nowMs, emit }: FlowContext, flow: Flow): void {
  if (flow.role !== 'server') emit(attemptedEvent(flow, nowMs()));
}

/** What it means that an attempt or an open connection was silent for too long. */
export function outcomeOfSilence(flow: Flow): Outcome {
  if (flow.state === 'attempted') return { phase: 'failed', reason: 'timeout' };
  return { phase: 'closed', reason: isClosing(flow) ? 'closed' : 'idle' };
}

/** What is known of a flow when the capture ends, or when it had to be given up. */
export function outcomeUnseen(flow: Flow): Outcome {
  return { phase: 'closed', reason: isClosing(flow) ? 'closed' : 'unknown' };
}

function takePayload({ reassembler }: FlowContext, flow: Flow, view: PacketView, own: Half): void {
  const length = view.wireEnd - view.at;
  if (length > 0) reassembler.receive(flow, own, view);
  if ((view.flags & (TCP_FLAG.fin | TCP_FLAG.syn)) !== TCP_FLAG.fin) return;
  if (own.hasFin && length === 0) own.retransmits++;
  reassembler.fin(flow, own, plus(view.seq, length));
}

function queueOf(flow: Flow): number {
  if (flow.state === 'attempted') return QUEUE.attempted;
  return isClosing(flow) ? QUEUE.closing : QUEUE.open;
}

function isClosing({ client, server }: Flow): boolean {
  return client.hasFin && server.hasFin;
}

function handleReset(context: FlowContext, flow: Flow, view: PacketView): void {
  const fromClient = isFromClient(flow, view);
  const isReal =
    flow.state === 'attempted' ? answersAttempt(flow, view, fromClient) : isInWindow(flow, view, fromClient);
  if (!isReal) {
    context.counters.ignoredResets++;
    context.touch(flow, queueOf(flow));
    return;
  }
  if (isClosing(flow)) {
    context.end(flow, { phase: 'closed', reason: 'closed' });
    return;
  }
  const isRefusal = flow.state === 'attempted' && !fromClient && !flow.server.hasIsn;
  const reason = fromClient === flow.localIsClient ? 'aborted' : 'reset';
  context.end(flow, {
    phase: flow.state === 'attempted' ? 'failed' : 'closed',
    reason: isRefusal ? 'refused' : reason,
  });
}

/** A refusal acknowledges the SYN; a client that gives up sends what comes next. */
function answersAttempt({ client }: Flow, view: PacketView, fromClient: boolean): boolean {
  if (!client.hasIsn) return true;
  if (fromClient) return ahead(view.seq, client.isn) >= 0 && ahead(view.seq, client.top) <= 1;
  return (view.flags & TCP_FLAG.ack) === 0 || ahead(view.ack, client.isn) > 0;
}

/** What the receiver would take: in its window, or just behind what its peer has sent. Forged resets rarely are. */
function isInWindow({ client, server }: Flow, view: PacketView, fromClient: boolean): boolean {
  const own = fromClient ? client : server;
  const peer = fromClient ? server : client;
  if (!own.hasAck) return true;
  const behindTop = ahead(view.seq, own.top);
  if (behindTop === 0 || behindTop === 1) return true;
  const scale = peer.windowScale >= 0 ? peer.windowScale : MAX_WINDOW_SCALE;
  const distance = ahead(view.seq, own.acked);
  return distance >= -1 && distance <= peer.window * 2 ** scale;
}
