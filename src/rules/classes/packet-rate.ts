import { ATTR } from '../../model/attributes.ts';
import type { PacketCounts, PacketRateEvent, ServiceCounts } from '../../model/packets.ts';
import { formatIp } from '../../net/ip.ts';
import { senderText } from '../../net/packet-attributes.ts';
import { few, quiet } from './conversation-fields.ts';
import type { EventClass, FieldSpec } from './event-class.ts';

/** A window of an interface and direction: the whole of it, or what went to one service. */
export interface PacketRateSubject {
  readonly event: PacketRateEvent;
  /** Absent: the whole window. */
  readonly service?: ServiceCounts;
}

/** Every subject of a window: the whole first. */
export function packetRateSubjects(event: PacketRateEvent): readonly PacketRateSubject[] {
  return [{ event }, ...event.services.map((service) => ({ event, service }))];
}

/** Packets that passed an interface in about a second. */
export function packetRateClass(): EventClass<PacketRateSubject> {
  return {
    name: 'packet_rate',
    profiles: [{ product: 'telegen', category: 'packet_rate', service: 'packet_rate' }],
    fields: [...placeFields(), ...countFields(), ...rateFields(), ...endFields()],
  };
}

type Field = FieldSpec<PacketRateSubject>;

function placeFields(): readonly Field[] {
  return [
    few([ATTR.interfaceName], ({ event }) => event.interface),
    few([ATTR.direction, 'network.direction'], ({ event }) => event.direction),
    few(['telegen.packets.scope'], ({ service }) => (service === undefined ? 'all' : 'service')),
    few(['Protocol', 'proto', ATTR.transport], ({ service }) => service?.protocol),
    quiet(['DestinationPort', 'dst_port', 'destination.port'], ({ service }) =>
      service === undefined || service.port === 0 ? undefined : service.port,
    ),
  ];
}

const countsOf = ({ event, service }: PacketRateSubject): PacketCounts => service ?? event.total;

function countFields(): readonly Field[] {
  const count = (names: readonly string[], read: (counts: PacketCounts) => number): Field =>
    quiet(names, (subject) => read(countsOf(subject)));
  return [
    quiet([ATTR.packetsIntervalMs], ({ event }) => event.intervalMs),
    count([ATTR.packetsCount, 'network.packets'], ({ packets }) => packets),
    count([ATTR.packetsBytes, 'network.bytes'], ({ bytes }) => bytes),
    count([ATTR.packetsSmall], ({ small }) => small),
    count([ATTR.packetsSyn], ({ syn }) => syn),
    count([ATTR.packetsSynAck], ({ synAck }) => synAck),
    count([ATTR.packetsRst], ({ rst }) => rst),
    count([ATTR.packetsFin], ({ fin }) => fin),
    count([ATTR.packetsNull], ({ nullFlags }) => nullFlags),
    count([ATTR.packetsFinOnly], ({ finOnly }) => finOnly),
    count([ATTR.packetsXmas], ({ xmas }) => xmas),
  ];
}

function rateFields(): readonly Field[] {
  const rate = (name: string, read: (counts: PacketCounts) => number): Field =>
    quiet([name], (subject) => (read(countsOf(subject)) * 1000) / subject.event.intervalMs);
  return [
    rate('telegen.packets.per_second', ({ packets }) => packets),
    rate('telegen.packets.bytes_per_second', ({ bytes }) => bytes),
    rate('telegen.packets.syn_per_second', ({ syn }) => syn),
  ];
}

/** Ends and senders are those of the window, whatever the service. */
function endFields(): readonly Field[] {
  return [
    few([ATTR.packetsApplications], ({ event, service }) =>
      event.applications
        ?.filter(({ port, protocol }) => isOf(service, protocol, port))
        .map(({ name }) => name),
    ),
    quiet([ATTR.packetsSourcesSeen], ({ event }) => event.sourcesSeen),
    quiet(['SourceIp', 'src_ip', 'source.ip'], ({ event }) => event.sources.map(({ ip }) => formatIp(ip))),
    quiet(['DestinationIp', 'dst_ip', 'destination.ip'], ({ event }) =>
      event.destinations.map(({ ip }) => formatIp(ip)),
    ),
    quiet([ATTR.packetsSenders], ({ event }) => event.senders?.map(senderText)),
  ];
}

/** A service is known by the port that packets go to; all are part of the whole. */
const isOf = (service: ServiceCounts | undefined, protocol: string, port: number): boolean =>
  service === undefined || (service.protocol === protocol && service.port === port);
