import { ATTR } from '../model/attributes.ts';
import type { Detector, JudgedEvent } from '../model/detector.ts';
import type { Finding } from '../model/finding.ts';
import type { PacketRateEvent, SampledApplication } from '../model/packets.ts';
import { formatIp } from '../net/ip.ts';
import { createExceptions, type ProtocolExceptions } from './protocol-exceptions.ts';
import { type ExpectedPorts, expectedPorts, MEANT, SNIFFED, sampledName } from './protocol-ports.ts';

export interface UnexpectedProtocolOptions {
  readonly unexpectedProtocols: ExpectedPorts & {
    readonly enabled: boolean;
    readonly allow: ProtocolExceptions;
  };
}

/** gRPC is HTTP. */
const DECODED: Readonly<Partial<Record<JudgedEvent['kind'], string>>> = {
  http: 'HTTP',
  grpc: 'HTTP',
  tls: 'TLS',
  dns: 'DNS',
};
const QUIC = 'QUIC';

const NAME = 'unexpected-protocol';
/** What begins like nothing that is known is told only where all that is meant is known by its first bytes. */
const UNKNOWN = 'Unknown protocol';
const KNOWN_WELL: ReadonlySet<string> = new Set(['HTTP', 'TLS']);
/** Ports of servers that sockets told of lately; samples of their packets would say the same again. */
const MAX_TOLD = 4_096;

type Expected = ReadonlyMap<string, ReadonlySet<number>>;
interface Words extends Pick<Finding, 'detector' | 'eventType' | 'severity' | 'gravity' | 'reason'> {
  /** Of the body. */
  readonly where: string;
}

/** Protocols, known by what is said, at a server's port where they are not expected. */
export function unexpectedProtocol({ unexpectedProtocols: settings }: UnexpectedProtocolOptions): Detector {
  const expected = expectedPorts(settings);
  const isExcepted = createExceptions(settings.allow);
  const free = new Set(settings.allow.ports);
  const told = new Set<string>();
  return {
    name: NAME,
    asks: ['http', 'grpc', 'tls', 'dns'],
    // First bytes are told when a connection ends.
    phases: ['closed'],
    inspect(event) {
      const spoken = spokenIn(event);
      if (spoken === undefined || event.role === 'unknown') return undefined;
      const { port } = event.role === 'client' ? event.remote : event.local;
      const words = wordsOf(spoken, port, expected);
      if (words === undefined) return undefined;
      if (told.size >= MAX_TOLD) told.clear();
      told.add(`${spoken} ${port}`);
      if (isExcepted(event, port)) return undefined;
      // One alert for a port, not one for each name that is asked for there.
      const { where, ...rest } = words;
      return { ...rest, body: `${spoken} ${where}`, event, subject: `${spoken} ${port}`, attributes: {} };
    },
    inspectPackets(event) {
      if (event.kind !== 'packet_rate') return NOTHING;
      return (event.applications ?? []).flatMap((application): readonly Finding[] => {
        const spoken = sampledName(application.name);
        const { port } = application;
        if (spoken === undefined || free.has(port) || told.has(`${spoken} ${port}`)) return NOTHING;
        const words = wordsOf(spoken, port, expected);
        return words === undefined ? NOTHING : [passing({ ...words, event, application, spoken })];
      });
    },
  };
}

const NOTHING: readonly never[] = [];

/** What there is to say of a protocol at a port; undefined where it is expected. */
function wordsOf(spoken: string, port: number, expected: Expected): Words | undefined {
  if (expected.get(spoken)?.has(port) === true) return undefined;
  const meant = MEANT[port];
  if (spoken === UNKNOWN && !KNOWN_WELL.has(meant ?? '')) return undefined;
  const isMasked = meant !== undefined && meant !== spoken;
  return {
    detector: NAME,
    eventType: 'unexpected_protocol',
    severity: isMasked ? 'WARNING' : 'INFO',
    gravity: isMasked ? 55 : 15,
    where: isMasked ? `on port ${port}, which is meant for ${meant}` : `on unexpected port ${port}`,
    reason: 'unexpected_protocol',
  };
}

interface Passing extends Words {
  readonly event: PacketRateEvent;
  readonly application: SampledApplication;
  readonly spoken: string;
}

/** Of packets that pass: no process, but the two ends; the peer is the one beyond the interface. */
function passing({ event, application, spoken, where, ...words }: Passing): Finding {
  const { port, protocol, client, server, isAnswer } = application;
  const isPeerServer = isAnswer === (event.direction === 'inbound');
  const [peer, host] = isPeerServer ? [server, client] : [client, server];
  return {
    ...words,
    body: `${spoken} passes ${event.interface} ${where}`,
    event,
    alone: true,
    mergeAs: `${NAME} ${event.interface} ${spoken} ${port}`,
    attributes: {
      [ATTR.transport]: protocol,
      [ATTR.peerIp]: formatIp(peer),
      [ATTR.hostIp]: formatIp(host),
      [isPeerServer ? ATTR.peerPort : ATTR.hostPort]: port,
    },
  };
}

function spokenIn(event: JudgedEvent): string | undefined {
  if (event.kind === 'tls' && event.tls.quicVersion !== undefined) return QUIC;
  if (event.kind !== 'connection') return DECODED[event.kind];
  if (event.phase !== 'closed') return undefined;
  if (event.spoken !== undefined) return SNIFFED[event.spoken][0];
  return event.isUnrecognised ? UNKNOWN : undefined;
}
