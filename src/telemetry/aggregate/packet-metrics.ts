import type { PacketCounts, PacketRateEvent, ProbeEvent, ServiceCounts } from '../../model/packets.ts';
import { type Count, counter } from './instruments.ts';
import { closed, type MetricSpec, open } from './metric.ts';
import type { Registry } from './registry.ts';

const spec = (name: string, unit: string, help: string): MetricSpec => ({
  name,
  kind: 'counter',
  unit,
  help,
});

const PACKETS = spec(
  'telegen_xdp_packets',
  '{packet}',
  'Packets on interfaces by protocol and class of the destination port (system to 1023, user to 49151, dynamic; none: without ports, or answers to clients).',
);
const BYTES = spec('telegen_xdp_bytes', 'By', 'Bytes of these packets on the wire, from the link header on.');
const SMALL = spec('telegen_xdp_small_packets', '{packet}', 'Those of them that have at most 128 bytes.');
const FLAGS = spec(
  'telegen_xdp_flag_packets',
  '{packet}',
  'TCP segments by what their flags say (syn, syn_ack, rst, fin, null, fin_only, xmas); one may be several.',
);
const FILTERED = spec(
  'telegen_xdp_filtered_packets',
  '{packet}',
  'Packets that agent.network.xdp.filters leaves out.',
);
const PROBES = spec(
  'telegen_xdp_probes',
  '{probe}',
  'First packets from outside to ports of this host, by kind and by what was answered.',
);

/** Ranges of RFC 6335. */
export type PortClass = 'none' | 'system' | 'user' | 'dynamic';

/** Services whose port has no meaning by itself must not make a label value each. */
export function portClass(port: number): PortClass {
  if (port === 0) return 'none';
  if (port < 1024) return 'system';
  return port < 49_152 ? 'user' : 'dynamic';
}

const FLAG_COUNTS: readonly (readonly [label: string, of: keyof PacketCounts])[] = [
  ['syn', 'syn'],
  ['syn_ack', 'synAck'],
  ['rst', 'rst'],
  ['fin', 'fin'],
  ['null', 'nullFlags'],
  ['fin_only', 'finOnly'],
  ['xmas', 'xmas'],
];

/** Registers the metrics of packets; gives what counts a window or a probe. */
export function createPacketMetrics(registry: Registry): (event: PacketRateEvent | ProbeEvent) => void {
  const [name, direction, protocol] = [open('interface'), closed('direction'), closed('protocol')];
  const classes = [name, direction, protocol, closed('port_class')];
  const packets = counter(registry, PACKETS, { labels: classes });
  const bytes = counter(registry, BYTES, { labels: classes });
  const small = counter(registry, SMALL, { labels: [name, direction] });
  const flags = counter(registry, FLAGS, { labels: [name, direction, closed('flags')] });
  const filtered = counter(registry, FILTERED, { labels: [name, direction, protocol] });
  const probes = counter(registry, PROBES, { labels: [name, closed('kind'), closed('answer')] });

  function service(event: PacketRateEvent, each: ServiceCounts, left: PacketCounts | undefined): void {
    const labels = [event.interface, event.direction, each.protocol];
    if (left !== undefined) filtered(labels, event.timeMs, left.packets);
    const rest = each.packets - (left?.packets ?? 0);
    if (rest === 0) return;
    const full = [...labels, portClass(each.port)];
    packets(full, event.timeMs, rest);
    bytes(full, event.timeMs, each.bytes - (left?.bytes ?? 0));
  }

  return (event) => {
    if (event.kind === 'probe') {
      probes([event.interface, event.probe, event.answer], event.timeMs, 1);
      return;
    }
    for (const each of event.services) {
      const left = each.port === 0 ? event.filteredOut : undefined;
      service(
        event,
        each,
        left?.find(({ protocol: name }) => name === each.protocol),
      );
    }
    const side = [event.interface, event.direction];
    if (event.total.small > 0) small(side, event.timeMs, event.total.small);
    countFlags(flags, side, event);
  };
}

function countFlags(count: Count, side: readonly string[], { total, timeMs }: PacketRateEvent): void {
  for (const [label, of] of FLAG_COUNTS) if (total[of] > 0) count([...side, label], timeMs, total[of]);
}
