import { type PacketView, TCP_FLAG } from '../../net/packet/packet-view.ts';
import { type Flow, isClosing, isFromClient } from './flow.ts';
import type { FlowContext, Outcome } from './flow-context.ts';
import { attemptedEvent } from './flow-events.ts';
import { type Half, isFinAcked, plus } from './half.ts';
import { queueOf } from './idle-queues.ts';
import { lookForServer } from './tcp-joining.ts';
import { establish, handleSyn, isForeignSyn, opens } from './tcp-opening.ts';
import { handleReset, outcomeOfReset, weighDoubt } from './tcp-reset.ts';

/** Takes a packet of a flow that has not ended. */
export function trackTcp(context: FlowContext, flow: Flow, view: PacketView): void {
  if (flow.looks > 0) lookForServer(context, flow, view);
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
  if (flow.doubt !== undefined) weighDoubt(context, flow, view);
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

/** A connection that begins with the answer to a SYN that was not seen. */
export function beginWithAnswer({ nowMs, emit }: FlowContext, flow: Flow): void {
  if (flow.role !== 'server') emit(attemptedEvent(flow, nowMs()));
}

/** What it means that an attempt or an open connection was silent for too long. */
export function outcomeOfSilence(flow: Flow): Outcome {
  if (flow.state === 'attempted') return { phase: 'failed', reason: 'timeout' };
  if (flow.doubt !== undefined) return outcomeOfReset(flow, flow.doubt.fromClient);
  return { phase: 'closed', reason: isClosing(flow) ? 'closed' : 'idle' };
}

/** What is known of a flow when the capture ends, or when it had to be given up. */
export function outcomeUnseen(flow: Flow): Outcome {
  if (flow.doubt !== undefined) return outcomeOfReset(flow, flow.doubt.fromClient);
  return { phase: 'closed', reason: isClosing(flow) ? 'closed' : 'unknown' };
}

function takePayload({ reassembler }: FlowContext, flow: Flow, view: PacketView, own: Half): void {
  const length = view.wireEnd - view.at;
  if (length > 0) reassembler.receive(flow, own, view);
  if ((view.flags & (TCP_FLAG.fin | TCP_FLAG.syn)) !== TCP_FLAG.fin) return;
  if (own.hasFin && length === 0) own.retransmits++;
  reassembler.fin(flow, own, plus(view.seq, length));
}
