import { ATTR } from '../../model/attributes.ts';
import type { ConnectionEvent } from '../../model/event.ts';
import { conversationFields, few, quiet } from './conversation-fields.ts';
import type { EventClass, FieldSpec } from './event-class.ts';
import type { ClassPorts } from './ports.ts';

const NETWORK = { category: 'network', service: 'connection' };

/** A connection that was opened: a client's attempt, or a server's accept. */
export function connectionClass(ports: ClassPorts): EventClass<ConnectionEvent> {
  return {
    name: 'connection',
    profiles: [
      { category: 'network_connection', product: 'linux' },
      { category: 'firewall' },
      NETWORK,
      { product: 'telegen', category: 'connection', service: 'connection' },
    ],
    fields: [...conversationFields<ConnectionEvent>(ports), ...verdictFields(), ...phaseFields()],
  };
}

/** Connections to a remote desktop: telegen does not read the protocol, so the port tells. */
export function rdpClass(ports: ClassPorts): EventClass<ConnectionEvent> {
  return {
    name: 'rdp',
    profiles: [{ product: 'zeek', service: 'rdp' }],
    fields: [...conversationFields<ConnectionEvent>(ports), ...phaseFields()],
  };
}

/** A connection that has ended or failed, with its counters. */
export function flowClass(ports: ClassPorts): EventClass<ConnectionEvent> {
  return {
    name: 'flow',
    profiles: [
      { service: 'netflow' },
      { product: 'zeek', service: 'conn' },
      { product: 'telegen', category: 'flow', service: 'flow' },
    ],
    fields: [...conversationFields<ConnectionEvent>(ports), ...phaseFields(), ...counterFields()],
  };
}

/** telegen watches; what it sees was let through. */
function verdictFields(): readonly FieldSpec<ConnectionEvent>[] {
  return [few(['action'], () => 'accept'), few(['blocked'], () => false)];
}

function phaseFields(): readonly FieldSpec<ConnectionEvent>[] {
  const phase: FieldSpec<ConnectionEvent> = { ...few([ATTR.phase], (event) => event.phase), keywords: false };
  const reason: FieldSpec<ConnectionEvent> = {
    ...few([ATTR.endReason], (event) => event.reason),
    keywords: false,
  };
  return [phase, reason, quiet([ATTR.errno], (event) => event.errno)];
}

function counterFields(): readonly FieldSpec<ConnectionEvent>[] {
  const stat = (names: readonly string[], read: (stats: NonNullable<ConnectionEvent['stats']>) => number) =>
    quiet<ConnectionEvent>(names, ({ stats }) => (stats === undefined ? undefined : read(stats)));
  const byEnd = (names: readonly string[], end: 'source' | 'destination') =>
    quiet<ConnectionEvent>(names, ({ stats, role }) => {
      if (stats === undefined) return undefined;
      return (end === 'source') === (role !== 'server') ? stats.bytesSent : stats.bytesReceived;
    });
  return [
    stat([ATTR.bytesSent], ({ bytesSent }) => bytesSent),
    stat([ATTR.bytesReceived], ({ bytesReceived }) => bytesReceived),
    byEnd(['orig_bytes', 'source.bytes'], 'source'),
    byEnd(['resp_bytes', 'destination.bytes'], 'destination'),
    stat(['network.bytes'], ({ bytesSent, bytesReceived }) => bytesSent + bytesReceived),
    stat([ATTR.segmentsSent], ({ segmentsSent }) => segmentsSent),
    stat([ATTR.segmentsReceived], ({ segmentsReceived }) => segmentsReceived),
    stat([ATTR.retransmits], ({ retransmits }) => retransmits),
    stat([ATTR.rttUs], ({ rttUs }) => rttUs),
    stat([ATTR.durationMs], ({ durationMs }) => durationMs),
    stat(['duration'], ({ durationMs }) => durationMs / 1000),
  ];
}
