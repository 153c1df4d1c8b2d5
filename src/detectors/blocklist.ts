import type { ConversationFacts } from '../model/conversation.ts';
import type { Detector, JudgedEvent } from '../model/detector.ts';
import { CONTENT_KINDS } from '../model/event.ts';
import type { Finding } from '../model/finding.ts';
import type { ListMatch, LookupContext, ReputationLookup } from '../model/lookup.ts';
import { matchAttributes } from './list-attributes.ts';
import { observedName } from './observed-name.ts';
import { openingDirection } from './opening.ts';

const BODY = {
  outbound: 'Suspicious outbound connection to known bad IP',
  inbound: 'Suspicious inbound connection from known bad IP',
} as const;
const NAME_BODY = {
  dns: 'Suspicious DNS query for known bad domain',
  tls: 'Suspicious TLS connection to known bad domain',
  http: 'Suspicious HTTP request to known bad domain',
  grpc: 'Suspicious gRPC call to known bad domain',
} as const;

/** Connections to or from an address that a blocklist names, and conversations about a name that one lists. */
export function blocklist(reputation: ReputationLookup): Detector {
  return {
    name: NAME,
    // Questions are read anyway. What else names a host costs more, and is read for lists that have names.
    asks: reputation.hasNames() ? CONTENT_KINDS : ['dns'],
    inspect: (event) =>
      event.kind === 'connection' ? judgePeer(event, reputation) : judgeName(event, reputation),
  };
}

const NAME = 'blocklist';

function judgePeer(event: JudgedEvent, reputation: ReputationLookup): Finding | undefined {
  const direction = openingDirection(event);
  if (!direction) return undefined;
  const { ip, port } = event.remote;
  const matches = reputation.lookup(ip, { timeMs: event.timeMs, direction, port });
  return matches.length === 0 ? undefined : finding({ event, matches, body: BODY[direction] });
}

function judgeName(event: JudgedEvent, reputation: ReputationLookup): Finding | undefined {
  const name = observedName(event);
  if (name === undefined || event.kind === 'connection') return undefined;
  const { timeMs } = event;
  // Whoever speaks of a bad name is told of: it is the name that is accused, and it always stands for the server.
  const direction = 'outbound';
  // A question goes to a resolver: its port says nothing of the port of the name.
  const context: LookupContext =
    event.kind === 'dns' ? { timeMs, direction } : { timeMs, direction, port: serverPort(event) };
  const matches = reputation.lookupName(name, context);
  if (matches.length === 0) return undefined;
  return { ...finding({ event, matches, body: NAME_BODY[event.kind] }), subject: name.toLowerCase() };
}

function serverPort({ role, local, remote }: ConversationFacts): number {
  return role === 'server' ? local.port : remote.port;
}

function finding(of: { event: JudgedEvent; matches: readonly ListMatch[]; body: string }): Finding {
  const { event, matches, body } = of;
  return {
    detector: NAME,
    eventType: 'suspicious_connection',
    severity: 'WARNING',
    gravity: 80,
    body,
    reason: 'blocklist',
    event,
    attributes: matchAttributes(matches),
  };
}
