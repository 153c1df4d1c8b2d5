import { unreachableReason } from '../../net/packet/icmp.ts';
import type { PacketView } from '../../net/packet/packet-view.ts';
import { type Flow, isFromClient } from './flow.ts';
import type { FlowContext } from './flow-context.ts';

/**
 * An ICMP error about a packet of a flow. It ends an attempt to connect, and a UDP conversation that nobody has
 * answered; for an open TCP connection it is only a hint (RFC 1122 4.2.3.9).
 */
export function trackIcmpError(context: FlowContext, flow: Flow, view: PacketView): void {
  context.counters.icmpErrors++;
  const reason = unreachableReason(view);
  const isAboutClient = isFromClient(flow, view.quoted);
  if (reason === undefined || !isAboutClient || !isUnanswered(flow, view)) return;
  context.end(flow, { phase: 'failed', reason });
}

function isUnanswered({ transport, state, client, server }: Flow, { quoted }: PacketView): boolean {
  if (transport === 'udp') return state === 'open' && server.segments === 0;
  return state === 'attempted' && (!client.hasIsn || client.isn === quoted.seq);
}
