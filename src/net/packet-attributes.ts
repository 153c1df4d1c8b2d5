import { ATTR } from '../model/attributes.ts';
import type { PacketEvent } from '../model/event.ts';
import type { Attributes, AttributeValue } from '../model/finding.ts';
import type {
  PacketCounts,
  PacketRateEvent,
  ProbeEvent,
  SampledApplication,
  ServiceCounts,
  TopEndpoint,
  TopSender,
} from '../model/packets.ts';
import { formatIp } from './ip.ts';

/** Services of a window that its attributes name, the busiest first. */
const NAMED_SERVICES = 20;

/** Attributes of a window of packet counts, or of a probe. */
export function packetAttributes(event: PacketEvent): Attributes {
  return event.kind === 'packet_rate' ? windowAttributes(event) : probeAttributes(event);
}

/** Counters under their names; TCP's own only where there was TCP. */
function countAttributes(counts: PacketCounts, hasTcp: boolean): Attributes {
  return {
    [ATTR.packetsCount]: counts.packets,
    [ATTR.packetsBytes]: counts.bytes,
    [ATTR.packetsSmall]: counts.small,
    ...(hasTcp && {
      [ATTR.packetsSyn]: counts.syn,
      [ATTR.packetsSynAck]: counts.synAck,
      [ATTR.packetsRst]: counts.rst,
      [ATTR.packetsFin]: counts.fin,
      [ATTR.packetsNull]: counts.nullFlags,
      [ATTR.packetsFinOnly]: counts.finOnly,
      [ATTR.packetsXmas]: counts.xmas,
    }),
  };
}

function windowAttributes(event: PacketRateEvent): Attributes {
  const { services, senders, listed, applications } = event;
  const busiest = services.toSorted((a, b) => b.packets - a.packets || a.port - b.port);
  const hasTcp = services.some(({ protocol }) => protocol === 'tcp');
  return {
    [ATTR.eventName]: 'packet_rate',
    [ATTR.interfaceName]: event.interface,
    [ATTR.direction]: event.direction,
    [ATTR.packetsIntervalMs]: event.intervalMs,
    ...countAttributes(event.total, hasTcp),
    [ATTR.packetsServices]: busiest.slice(0, NAMED_SERVICES).map(serviceText),
    [ATTR.packetsSources]: event.sources.map(endpointText),
    [ATTR.packetsDestinations]: event.destinations.map(endpointText),
    [ATTR.packetsSourcesSeen]: event.sourcesSeen,
    ...(senders !== undefined && { [ATTR.packetsSenders]: senders.map(senderText) }),
    ...(listed !== undefined && { [ATTR.packetsListed]: listed.map(endpointText) }),
    ...(applications !== undefined && {
      [ATTR.packetsApplications]: applications.map(applicationText),
    }),
  };
}

function serviceText({ protocol, port, packets, bytes, syn }: ServiceCounts): string {
  const tcp = protocol === 'tcp' ? ` syn=${syn}` : '';
  return `${protocol}/${port} packets=${packets} bytes=${bytes}${tcp}`;
}

/** `198.51.100.7 packets=120 bytes=7200 syn=120`. */
export function endpointText({ ip, packets, bytes, syn }: TopEndpoint): string {
  return `${formatIp(ip)} packets=${packets} bytes=${bytes} syn=${syn}`;
}

/** `/usr/bin/tool (4711) packets=120 bytes=7200`. */
export function senderText({ owner, process, packets, bytes }: TopSender): string {
  const name = process?.executablePath ?? process?.name ?? owner.comm;
  return `${name} (${owner.pid}) packets=${packets} bytes=${bytes}`;
}

/** `http tcp/8443 packets=2000 client=198.51.100.7 server=192.0.2.2`. */
function applicationText({ name, protocol, port, packets, client, server }: SampledApplication): string {
  return `${name} ${protocol}/${port} packets=${packets} client=${formatIp(client)} server=${formatIp(server)}`;
}

const TRANSPORT = {
  syn: 'tcp',
  null: 'tcp',
  fin: 'tcp',
  xmas: 'tcp',
  udp: 'udp',
  icmp_echo: 'icmp',
} as const;

function probeAttributes(event: ProbeEvent): Attributes {
  const draft: Record<string, AttributeValue> = {
    [ATTR.eventName]: 'probe',
    [ATTR.interfaceName]: event.interface,
    [ATTR.peerIp]: formatIp(event.source),
    [ATTR.hostIp]: formatIp(event.target),
  };
  if (event.port !== 0) draft[ATTR.hostPort] = event.port;
  return {
    ...draft,
    [ATTR.transport]: TRANSPORT[event.probe],
    [ATTR.networkType]: event.target.family === 4 ? 'ipv4' : 'ipv6',
    [ATTR.direction]: 'inbound',
    [ATTR.probeKind]: event.probe,
    [ATTR.probeAnswer]: event.answer,
  };
}
