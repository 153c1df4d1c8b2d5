import type { PacketView } from '../../net/packet/packet-view.ts';
import { portsTell } from './create-flow.ts';
import { type Flow, isFromClient } from './flow.ts';
import type { FlowContext } from './flow-context.ts';
import { openedEvent } from './flow-events.ts';
import { servingEndOf } from './serving-end-of.ts';

/** As long nothing is told, and what these packets carry is not read: hardly anything could be made of it. */
const LOOKS = 64;

/** A connection whose beginning was not seen: it exists; which end serves is for its ports or its payload to say. */
export function joinTcp(context: FlowContext, flow: Flow, view: PacketView): void {
  flow.state = 'open';
  if (portsTell(view)) {
    context.emit(openedEvent(flow, context.nowMs()));
    return;
  }
  flow.looks = LOOKS;
  // As if it had been asked who reads the stream: that must know which side is which.
  flow.opened = true;
}

/** Looks at one more packet of a connection that was joined; tells of the connection when it is known which end serves. */
export function lookForServer(context: FlowContext, flow: Flow, view: PacketView): void {
  flow.looks--;
  const serving = view.end > view.at ? servingEndOf(view) : undefined;
  const isWrong = isFromClient(flow, view) ? serving === 'source' : serving === 'target';
  if (isWrong) context.turn(flow);
  if (serving !== undefined || flow.looks === 0) tellJoined(context, flow);
}

/** Ends the search: the ends stay as they are. */
export function tellJoined({ nowMs, emit }: FlowContext, flow: Flow): void {
  flow.looks = 0;
  flow.opened = false;
  emit(openedEvent(flow, nowMs()));
}
