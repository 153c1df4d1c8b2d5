import type { ConversationFacts } from '../../model/conversation.ts';
import type { ConnectionEvent, ConnectionPhase, ConnectionStats, EndReason } from '../../model/event.ts';
import { type Flow, NOT_MEASURED } from './flow.ts';

const US_PER_MS = 1000;

/** A capture does not know who held the sockets. */
export function factsOf(flow: Flow): ConversationFacts {
  return {
    timeMs: flow.firstMs,
    transport: flow.transport,
    role: flow.role,
    local: flow.local,
    remote: flow.remote,
    socketId: flow.id,
    owner: undefined,
    attribution: 'unknown',
    process: undefined,
    workload: undefined,
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function eventOf(flow: Flow, phase: ConnectionPhase, timeMs: number): Writable<ConnectionEvent> {
  return {
    kind: 'connection',
    timeMs,
    phase,
    transport: flow.transport,
    role: flow.role,
    local: flow.local,
    remote: flow.remote,
    socketId: flow.id,
    owner: undefined,
    attribution: 'unknown',
    process: undefined,
    workload: undefined,
  };
}

/** A client's attempt. Servers are not told of attempts, so there is none for the role `server`. */
export function attemptedEvent(flow: Flow, timeMs: number): ConnectionEvent {
  return eventOf(flow, 'attempted', timeMs);
}

/** The conversation is open: `accepted` for a server, else `established`. */
export function openedEvent(flow: Flow, timeMs: number): ConnectionEvent {
  const event = eventOf(flow, flow.role === 'server' ? 'accepted' : 'established', timeMs);
  if (flow.handshakeUs !== NOT_MEASURED) event.handshakeRttUs = flow.handshakeUs;
  return event;
}

export interface Ending {
  readonly phase: 'failed' | 'closed';
  readonly reason: EndReason;
  readonly timeMs: number;
  /** The duration reaches to here. */
  readonly untilMs: number;
}

export function endedEvent(flow: Flow, { phase, reason, timeMs, untilMs }: Ending): ConnectionEvent {
  const event = eventOf(flow, phase, timeMs);
  event.reason = reason;
  event.stats = statsOf(flow, untilMs);
  if (flow.spoken !== undefined) event.spoken = flow.spoken;
  else if (flow.isUnrecognised) event.isUnrecognised = true;
  return event;
}

function statsOf(
  { client, server, localIsClient, handshakeUs, beganMs }: Flow,
  untilMs: number,
): ConnectionStats {
  const sent = localIsClient ? client : server;
  const received = localIsClient ? server : client;
  const rttUs = handshakeUs === NOT_MEASURED ? 0 : handshakeUs;
  return {
    bytesSent: sent.bytes,
    bytesReceived: received.bytes,
    segmentsSent: sent.segments,
    segmentsReceived: received.segments,
    retransmits: sent.retransmits,
    rttUs,
    minRttUs: rttUs,
    durationMs: Math.max(0, untilMs - beganMs),
  };
}

/** Whole microseconds between two times; capture clocks know no more. */
export function microseconds(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) * US_PER_MS));
}
