import type { PacketView } from '../../net/packet/packet-view.ts';
import { isQuicInitial } from '../../protocols/quic/initial.ts';
import { type Flow, isFromClient } from './flow.ts';
import type { FlowContext } from './flow-context.ts';
import { attemptedEvent, factsOf, openedEvent } from './flow-events.ts';
import { QUEUE } from './idle-queues.ts';

/** Takes a datagram of a conversation, new or old. */
export function trackUdp(context: FlowContext, flow: Flow, view: PacketView): void {
  const fromClient = isFromClient(flow, view);
  const own = fromClient ? flow.client : flow.server;
  own.segments++;
  own.bytes += view.wireEnd - view.at;
  // After a refusal, an answer shows that somebody listens by now.
  if (flow.state === 'attempted' || (flow.state === 'ended' && !fromClient)) openUdp(context, flow);
  context.touch(flow, QUEUE.udp);
  if (flow.facts === undefined) {
    flow.facts = factsOf(flow);
    flow.isRead = context.readsDatagrams(flow.facts);
  }
  if (!flow.isRead && !(fromClient && isQuicInitial(view.bytes, view.at, view.end))) return;
  const bytes = view.bytes.subarray(view.at, view.end);
  context.onDatagram(flow.facts, own.side, bytes, context.nowMs(), view.wireEnd - view.end);
}

function openUdp({ nowMs, emit }: FlowContext, flow: Flow): void {
  flow.state = 'open';
  flow.beganMs = nowMs();
  emit(flow.role === 'server' ? openedEvent(flow, nowMs()) : attemptedEvent(flow, nowMs()));
}
