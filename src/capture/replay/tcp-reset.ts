import { type PacketView, TCP_FLAG } from '../../net/packet/packet-view.ts';
import { type Flow, isClosing, isFromClient } from './flow.ts';
import type { FlowContext, Outcome } from './flow-context.ts';
import { ahead, expectedNext } from './half.ts';
import { QUEUE, queueOf } from './idle-queues.ts';

/** Largest scale of a window (RFC 7323), for connections whose SYN was not seen. */
const MAX_WINDOW_SCALE = 14;

/** A reset of a flow that has not ended: ends it, is ignored, or is kept in mind until it shows whether it was obeyed. */
export function handleReset(context: FlowContext, flow: Flow, view: PacketView): void {
  const fromClient = isFromClient(flow, view);
  switch (weigh(flow, view, fromClient)) {
    case 'real':
      flow.doubt = undefined;
      context.end(flow, outcomeOfReset(flow, fromClient));
      return;
    case 'doubtful':
      flow.doubt ??= { fromClient, timeMs: context.nowMs(), count: 0 };
      flow.doubt.count++;
      context.touch(flow, QUEUE.doubtful);
      return;
    default:
      context.counters.ignoredResets++;
      context.touch(flow, queueOf(flow));
  }
}

/**
 * Takes back the doubt when a packet shows that the connection goes on: the end that sent the reset sends more, or the other
 * one says something new. An acknowledgment of nothing new may be the challenge that answers the reset.
 */
export function weighDoubt({ counters }: FlowContext, flow: Flow, view: PacketView): void {
  const { doubt, client, server } = flow;
  if (doubt === undefined || (view.flags & TCP_FLAG.ack) === 0) return;
  const fromClient = isFromClient(flow, view);
  const peer = fromClient ? server : client;
  const isNews =
    view.wireEnd > view.at ||
    (view.flags & TCP_FLAG.fin) !== 0 ||
    !peer.hasAck ||
    ahead(view.ack, peer.acked) > 0;
  if (fromClient !== doubt.fromClient && !isNews) return;
  counters.ignoredResets += doubt.count;
  flow.doubt = undefined;
}

/** How a flow ends by a reset of that end. */
export function outcomeOfReset(flow: Flow, fromClient: boolean): Outcome {
  if (isClosing(flow)) return { phase: 'closed', reason: 'closed' };
  const isRefusal = flow.state === 'attempted' && !fromClient && !flow.server.hasIsn;
  const reason = fromClient === flow.localIsClient ? 'aborted' : 'reset';
  return {
    phase: flow.state === 'attempted' ? 'failed' : 'closed',
    reason: isRefusal ? 'refused' : reason,
  };
}

function weigh(flow: Flow, view: PacketView, fromClient: boolean): 'real' | 'doubtful' | 'foreign' {
  if (flow.state === 'attempted') return answersAttempt(flow, view, fromClient) ? 'real' : 'foreign';
  const own = fromClient ? flow.client : flow.server;
  if (own.started && view.seq === expectedNext(own)) return 'real';
  return isInWindow(flow, view, fromClient) ? 'doubtful' : 'foreign';
}

/** A refusal acknowledges the SYN; a client that gives up sends what comes next. */
function answersAttempt({ client }: Flow, view: PacketView, fromClient: boolean): boolean {
  if (!client.hasIsn) return true;
  if (fromClient) return ahead(view.seq, client.isn) >= 0 && ahead(view.seq, client.top) <= 1;
  return (view.flags & TCP_FLAG.ack) === 0 || ahead(view.ack, client.isn) > 0;
}

/** What the receiver would look at: in its window, or just behind what its peer has sent. Forged resets rarely are. */
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
