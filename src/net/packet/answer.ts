import { IP_PROTOCOL, type PacketView, TCP_FLAG } from './packet-view.ts';

/** Ports from which programs ask, on most systems: what comes to them is an answer, as a rule. */
export const FIRST_CLIENT_PORT = 32_768;

/**
 * Whether a packet goes from a service to a client: there are as many ports of clients as connections, and none of them is a
 * service. Datagrams that come in may be answers that nobody asked for. bpf/include/telegen/packet_count.h is the same.
 */
export function isAnswer({ protocol, flags, srcPort, dstPort }: PacketView, isOutbound: boolean): boolean {
  if (dstPort < FIRST_CLIENT_PORT || srcPort >= FIRST_CLIENT_PORT) return false;
  return protocol === IP_PROTOCOL.tcp ? (flags & TCP_FLAG.ack) !== 0 : isOutbound;
}
