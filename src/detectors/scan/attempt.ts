import type { JudgedEvent } from '../../model/detector.ts';
import type { ConnectionEvent } from '../../model/event.ts';
import type { IpAddress } from '../../model/ip-address.ts';
import type { ProbeEvent, ProbeKind } from '../../model/packets.ts';
import { formatIp, ipKey } from '../../net/ip.ts';

/** How somebody asks; `connect` through the socket of a program of this host. */
export type Technique = 'tcp' | 'connect' | 'udp' | 'null' | 'fin' | 'xmas' | 'icmp_echo';

/** Somebody asked a port, or a host, and got nothing. */
export interface Attempt {
  readonly event: ConnectionEvent | ProbeEvent;
  readonly timeMs: number;
  readonly direction: 'inbound' | 'outbound';
  readonly technique: Technique;
  /** Whoever asks, for maps. */
  readonly actor: string | number;
  readonly source: IpAddress;
  readonly target: IpAddress;
  readonly port: number;
}

/** Datagrams of traceroute, which nobody is meant to answer. */
const TRACEROUTE = { first: 33_434, last: 33_600 } as const;

const TECHNIQUE: Readonly<Record<ProbeKind, Technique>> = {
  syn: 'tcp',
  null: 'null',
  fin: 'fin',
  xmas: 'xmas',
  udp: 'udp',
  icmp_echo: 'icmp_echo',
};

/** A probe from outside that found nothing; flags that no TCP sends are one whatever the answer. */
export function attemptOfProbe(event: ProbeEvent): Attempt | undefined {
  const technique = TECHNIQUE[event.probe];
  const isOdd = technique === 'null' || technique === 'fin' || technique === 'xmas';
  if (event.answer === 'open' && !isOdd) return undefined;
  const { timeMs, source, target, port } = event;
  return { event, timeMs, direction: 'inbound', technique, actor: ipKey(source), source, target, port };
}

/** A connect of this side that failed, or datagrams of it that nobody answered. What comes from outside, probes tell. */
export function attemptOfConnection(event: JudgedEvent): Attempt | undefined {
  if (event.kind !== 'connection' || event.role !== 'client' || !isVain(event)) return undefined;
  const { timeMs, local, remote, transport, owner } = event;
  return {
    event,
    timeMs,
    direction: 'outbound',
    technique: transport === 'udp' ? 'udp' : owner === undefined ? 'tcp' : 'connect',
    actor: programOf(event),
    source: local.ip,
    target: remote.ip,
    port: remote.port,
  };
}

function isVain({ phase, transport, stats, owner }: ConnectionEvent): boolean {
  // A capture may hold answers alone: to a forged sender, or of a conversation whose other direction went elsewhere.
  if (owner === undefined && stats?.segmentsSent === 0) return false;
  if (phase === 'failed') return true;
  const isUnanswered = stats !== undefined && stats.segmentsSent > 0 && stats.segmentsReceived === 0;
  return phase === 'closed' && transport === 'udp' && isUnanswered;
}

/** Whose program it is, whatever its pid: scripts begin one process per connection. In a replay: the address. */
function programOf({ owner, process, workload, local }: ConnectionEvent): string | number {
  if (owner === undefined) return ipKey(local.ip);
  return `${workload?.containerId ?? ''} ${process?.executablePath ?? owner.comm} ${owner.uid}`;
}

/** Who asks, in words. */
export function actorText({ event, direction, source }: Attempt): string {
  if (direction === 'inbound' || event.kind === 'probe' || event.owner === undefined) return formatIp(source);
  return event.process?.executablePath ?? event.owner.comm;
}

/** Whether it goes to many at once, or is meant to stay without an answer. */
export function isPointless({ technique, target, port }: Attempt, ignoredUdp: ReadonlySet<number>): boolean {
  if (isGroup(target)) return true;
  if (technique !== 'udp') return false;
  return ignoredUdp.has(port) || (port >= TRACEROUTE.first && port <= TRACEROUTE.last);
}

/** Multicast, broadcast and unspecified addresses. */
function isGroup({ family, w0, w1, w2, w3 }: IpAddress): boolean {
  if (family === 6) return w0 >>> 24 === 0xff || (w0 | w1 | w2 | w3) === 0;
  return w3 >>> 28 === 14 || w3 >>> 0 === 0xffffffff || w3 === 0 || (w3 & 0xff) === 0xff;
}
