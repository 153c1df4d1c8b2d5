import { ATTR } from '../model/attributes.ts';
import type { ConversationFacts, Role } from '../model/conversation.ts';
import type { ConnectionEvent, ContentEvent, LossEvent, ProcessEvent, TelegenEvent } from '../model/event.ts';
import type { Attributes, AttributeValue } from '../model/finding.ts';
import type { Endpoint } from '../model/ip-address.ts';
import type { Owner, Process, Workload } from '../model/process.ts';
import { communityId } from './community-id.ts';
import { contentAttributes, NOTHING_SHOWN, type Shown } from './content-attributes.ts';
import { formatIp } from './ip.ts';
import { isoTime } from './iso-time.ts';
import { packetAttributes } from './packet-attributes.ts';
import { maskArgs } from './secrets.ts';
import { placeAttributes, workloadAttributes } from './workload-attributes.ts';

type Draft = Record<string, AttributeValue>;

const DIRECTION: Readonly<Record<Role, string | undefined>> = {
  client: 'outbound',
  server: 'inbound',
  unknown: undefined,
};
/** Adds what is known: not undefined, not the empty string, no number that JSON cannot carry. */
function put(draft: Draft, name: string, value: AttributeValue | undefined): void {
  if (value === undefined || value === '' || (typeof value === 'number' && !Number.isFinite(value))) return;
  draft[name] = value;
}

function putAll(draft: Draft, values: Readonly<Record<string, AttributeValue | undefined>>): void {
  for (const name of Object.keys(values)) put(draft, name, values[name]);
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

function putProcess(draft: Draft, process: Process): void {
  put(draft, ATTR.processPid, process.pid);
  put(draft, ATTR.processParentPid, process.parentPid);
  put(draft, ATTR.processName, process.name);
  put(draft, ATTR.processPath, process.executablePath);
  put(draft, ATTR.processCommandLine, process.commandLine);
  if (process.startTimeMs !== undefined) put(draft, ATTR.processStartTime, isoTime(process.startTimeMs));
  put(draft, ATTR.processUserId, process.userId);
  put(draft, ATTR.processUserName, process.userName);
  if (process.ancestors.length > 0) put(draft, ATTR.processAncestors, process.ancestors);
}

function putOwner(draft: Draft, owner: Owner): void {
  put(draft, ATTR.processPid, owner.pid);
  put(draft, ATTR.processParentPid, nonZero(owner.parentPid));
  put(draft, ATTR.processName, owner.comm);
  put(draft, ATTR.processUserId, owner.uid);
}

interface Actor {
  readonly process?: Process | undefined;
  readonly owner?: Owner | undefined;
  readonly workload?: Workload | undefined;
}

/** Whose traffic it is: process, container and pod, as far as they are known. */
export function actorAttributes(actor: Actor): Attributes {
  const draft: Draft = {};
  putActor(draft, actor);
  putAll(draft, workloadAttributes(actor.workload));
  return draft;
}

function putActor(draft: Draft, { process, owner }: Actor): void {
  if (process !== undefined) putProcess(draft, process);
  else if (owner !== undefined) putOwner(draft, owner);
}

function putStats(draft: Draft, { phase, stats, handshakeRttUs }: ConnectionEvent): void {
  if (stats === undefined) {
    put(draft, ATTR.rttUs, nonZero(handshakeRttUs));
    return;
  }
  // Before the end the counters are all zero; only the handshake's round-trip time says something.
  const isOver = phase === 'closed' || phase === 'failed';
  if (isOver) {
    put(draft, ATTR.bytesSent, stats.bytesSent);
    put(draft, ATTR.bytesReceived, stats.bytesReceived);
    put(draft, ATTR.segmentsSent, stats.segmentsSent);
    put(draft, ATTR.segmentsReceived, stats.segmentsReceived);
    put(draft, ATTR.retransmits, stats.retransmits);
  }
  put(draft, ATTR.rttUs, nonZero(stats.rttUs));
  put(draft, ATTR.minRttUs, nonZero(stats.minRttUs));
  if (isOver) put(draft, ATTR.durationMs, stats.durationMs);
}

/** The two ends of a conversation, which way it goes, and who holds the socket. */
function putConversation(draft: Draft, event: ConversationFacts): void {
  const { local, remote } = event;
  put(draft, ATTR.peerIp, addressText(remote));
  put(draft, ATTR.peerPort, nonZero(remote.port));
  put(draft, ATTR.peerName, event.peerNames?.[0]);
  put(draft, ATTR.hostIp, addressText(local));
  put(draft, ATTR.hostPort, nonZero(local.port));
  put(draft, ATTR.transport, event.transport);
  put(draft, ATTR.networkType, remote.ip.family === 4 ? 'ipv4' : 'ipv6');
  put(draft, ATTR.direction, DIRECTION[event.role]);
  put(draft, ATTR.communityId, conversationId(event));
  if (event.socketId !== 0) put(draft, ATTR.socketId, event.socketId.toString(16));
  put(draft, ATTR.attribution, event.attribution);
  putActor(draft, event);
  putAll(draft, placeAttributes(event));
}

/** Attributes of a connection event under the names of the specification. What is unknown is left out. */
export function connectionAttributes(event: ConnectionEvent): Attributes {
  const draft: Draft = { [ATTR.eventName]: 'connection', [ATTR.phase]: event.phase };
  putConversation(draft, event);
  put(draft, ATTR.endReason, event.reason);
  put(draft, ATTR.errno, event.errno);
  putStats(draft, event);
  return draft;
}

function contentEventAttributes(event: ContentEvent, shown: Shown): Attributes {
  const draft: Draft = { [ATTR.eventName]: event.kind };
  putAll(draft, contentAttributes(event, shown));
  putConversation(draft, event);
  return draft;
}

function processEventAttributes(event: ProcessEvent): Attributes {
  const draft: Draft = { [ATTR.eventName]: 'process', [ATTR.phase]: event.action };
  putAll(draft, workloadAttributes(event.workload));
  put(draft, ATTR.processWorkingDirectory, event.workingDirectory);
  put(draft, ATTR.processLoginUid, event.loginUid);
  if (event.process !== undefined) {
    putProcess(draft, event.process);
    return draft;
  }
  putOwner(draft, event.owner);
  const { filename, executablePath, args } = event;
  put(draft, ATTR.processPath, executablePath ?? (filename?.startsWith('/') ? filename : undefined));
  if (args !== undefined) put(draft, ATTR.processCommandLine, maskArgs(args).join(' '));
  return draft;
}

function lossAttributes(event: LossEvent): Attributes {
  const draft: Draft = { [ATTR.eventName]: 'loss' };
  put(draft, ATTR.lossWhat, event.what);
  put(draft, ATTR.lossReason, event.reason);
  put(draft, ATTR.lossDestination, event.destination);
  put(draft, ATTR.count, event.count);
  return draft;
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
    case 'packet_rate':
    case 'probe':
      return packetAttributes(event);
    case 'process':
      return processEventAttributes(event);
    case 'loss':
      return lossAttributes(event);
    default:
      return event satisfies never;
  }
}
