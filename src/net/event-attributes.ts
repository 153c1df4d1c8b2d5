import { ATTR } from '../model/attributes.ts';
import type { ConversationFacts, Role } from '../model/conversation.ts';
import type { ConnectionEvent, ContentEvent, LossEvent, ProcessEvent, TelegenEvent } from '../model/event.ts';
import type { Attributes, AttributeValue } from '../model/finding.ts';
import type { Endpoint } from '../model/ip-address.ts';
import type { Owner, Process, Workload } from '../model/process.ts';
import { communityId } from './community-id.ts';
import { contentAttributes, NOTHING_SHOWN, type Shown } from './content-attributes.ts';
import { formatIp } from './ip.ts';
import { maskArgs } from './secrets.ts';

type Draft = Record<string, AttributeValue | undefined>;

const DIRECTION: Readonly<Record<Role, string | undefined>> = {
  client: 'outbound',
  server: 'inbound',
  unknown: undefined,
};
/** Ends of the range that a Date can hold, in epoch milliseconds. */
const MAX_TIME_MS = 8.64e15;

/** ISO-8601 in UTC with milliseconds (a fraction is cut off). Never throws: times out of range are clamped, NaN is 1970. */
export function isoTime(timeMs: number): string {
  const clamped = Math.min(MAX_TIME_MS, Math.max(-MAX_TIME_MS, timeMs));
  return new Date(Number.isNaN(clamped) ? 0 : Math.floor(clamped)).toISOString();
}

/** Drops what is unknown: undefined, the empty string, and numbers that JSON cannot carry. */
function known(draft: Draft): Attributes {
  const out: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(draft)) {
    if (value === undefined || value === '' || (typeof value === 'number' && !Number.isFinite(value)))
      continue;
    out[name] = value;
  }
  return out;
}

/** 0 stands for "not known" in the fields this is used for. */
function nonZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

/** A socket that is not bound yet has the unspecified address. */
function addressText({ ip }: Endpoint): string | undefined {
  return (ip.w0 | ip.w1 | ip.w2 | ip.w3) === 0 ? undefined : formatIp(ip);
}

function conversationId(event: ConversationFacts): string | undefined {
  const { local, remote, transport } = event;
  if (addressText(local) === undefined || local.port === 0 || local.ip.family !== remote.ip.family) {
    return undefined;
  }
  return communityId({ transport, local, remote });
}

function processAttributes(process: Process): Draft {
  return {
    [ATTR.processPid]: process.pid,
    [ATTR.processParentPid]: process.parentPid,
    [ATTR.processName]: process.name,
    [ATTR.processPath]: process.executablePath,
    [ATTR.processCommandLine]: process.commandLine,
    [ATTR.processStartTime]: process.startTimeMs === undefined ? undefined : isoTime(process.startTimeMs),
    [ATTR.processUserId]: process.userId,
    [ATTR.processUserName]: process.userName,
    [ATTR.processAncestors]: process.ancestors.length > 0 ? process.ancestors : undefined,
  };
}

function ownerAttributes(owner: Owner): Draft {
  return {
    [ATTR.processPid]: owner.pid,
    [ATTR.processParentPid]: nonZero(owner.parentPid),
    [ATTR.processName]: owner.comm,
    [ATTR.processUserId]: owner.uid,
  };
}

function actorAttributes({ process, owner }: ConversationFacts): Draft {
  if (process !== undefined) return processAttributes(process);
  return owner === undefined ? {} : ownerAttributes(owner);
}

function workloadAttributes(workload: Workload | undefined): Draft {
  return {
    [ATTR.containerId]: workload?.containerId,
    [ATTR.podName]: workload?.podName,
    [ATTR.podUid]: workload?.podUid,
    [ATTR.namespaceName]: workload?.namespace,
  };
}

function statsAttributes({ phase, stats, handshakeRttUs }: ConnectionEvent): Draft {
  if (stats === undefined) return { [ATTR.rttUs]: nonZero(handshakeRttUs) };
  const rtt = { [ATTR.rttUs]: nonZero(stats.rttUs), [ATTR.minRttUs]: nonZero(stats.minRttUs) };
  // Before the end the counters are all zero; only the handshake's round-trip time says something.
  if (phase !== 'closed' && phase !== 'failed') return rtt;
  return {
    [ATTR.bytesSent]: stats.bytesSent,
    [ATTR.bytesReceived]: stats.bytesReceived,
    [ATTR.segmentsSent]: stats.segmentsSent,
    [ATTR.segmentsReceived]: stats.segmentsReceived,
    [ATTR.retransmits]: stats.retransmits,
    ...rtt,
    [ATTR.durationMs]: stats.durationMs,
  };
}

/** The two ends of a conversation, which way it goes, and who holds the socket. */
function conversationAttributes(event: ConversationFacts): Draft {
  return {
    [ATTR.peerIp]: addressText(event.remote),
    [ATTR.peerPort]: nonZero(event.remote.port),
    [ATTR.peerName]: event.peerNames?.[0],
    [ATTR.hostIp]: addressText(event.local),
    [ATTR.hostPort]: nonZero(event.local.port),
    [ATTR.transport]: event.transport,
    [ATTR.networkType]: event.remote.ip.family === 4 ? 'ipv4' : 'ipv6',
    [ATTR.direction]: DIRECTION[event.role],
    [ATTR.communityId]: conversationId(event),
    [ATTR.socketId]: event.socketId === 0 ? undefined : event.socketId.toString(16),
    [ATTR.attribution]: event.attribution,
    ...actorAttributes(event),
    ...workloadAttributes(event.workload),
  };
}

/** Attributes of a connection event under the names of the specification. What is unknown is left out. */
export function connectionAttributes(event: ConnectionEvent): Attributes {
  return known({
    [ATTR.eventName]: 'connection',
    [ATTR.phase]: event.phase,
    ...conversationAttributes(event),
    [ATTR.endReason]: event.reason,
    [ATTR.errno]: event.errno,
    ...statsAttributes(event),
  });
}

function contentEventAttributes(event: ContentEvent, shown: Shown): Attributes {
  return known({
    [ATTR.eventName]: event.kind,
    ...contentAttributes(event, shown),
    ...conversationAttributes(event),
  });
}

function processEventAttributes(event: ProcessEvent): Attributes {
  return known({
    [ATTR.eventName]: 'process',
    [ATTR.phase]: event.action,
    ...ownerAttributes(event.owner),
    [ATTR.processPath]:
      event.executablePath ?? (event.filename?.startsWith('/') ? event.filename : undefined),
    [ATTR.processCommandLine]: event.args === undefined ? undefined : maskArgs(event.args).join(' '),
  });
}

function lossAttributes(event: LossEvent): Attributes {
  return known({
    [ATTR.eventName]: 'loss',
    [ATTR.lossWhat]: event.what,
    [ATTR.lossReason]: event.reason,
    [ATTR.count]: event.count,
  });
}

/** Puts an event into attributes under the names of the specification. */
export type Describe = (event: TelegenEvent) => Attributes;

/** Attributes of any event. Secrets are masked, whatever is `shown`. */
export function eventAttributes(event: TelegenEvent, shown: Shown = NOTHING_SHOWN): Attributes {
  switch (event.kind) {
    case 'connection':
      return connectionAttributes(event);
    case 'dns':
    case 'http':
    case 'grpc':
    case 'tls':
      return contentEventAttributes(event, shown);
    case 'process':
      return processEventAttributes(event);
    case 'loss':
      return lossAttributes(event);
    default:
      return event satisfies never;
  }
}
