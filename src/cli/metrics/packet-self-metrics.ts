import { closed, open } from '../../telemetry/aggregate/metric.ts';
import type { Gauges } from '../../telemetry/aggregate/registry.ts';
import type { PacketPorts } from './packets-report.ts';

const spec = (kind: 'counter' | 'gauge', name: string, help: string) => ({ name, help, kind });

/** What the packet side says of itself. */
export function packetSelfMetrics(packets: () => PacketPorts | undefined): Gauges[] {
  const stats = () => packets()?.stats();
  const rows = (sums: Readonly<Record<string, number>> | undefined) =>
    Object.entries(sums ?? {}).map(([name, value]) => [[name], value] as const);
  return [
    {
      spec: spec(
        'gauge',
        'telegen_xdp_interface',
        'Always 1 for an interface that is watched; how is in the label.',
      ),
      labels: [open('interface'), closed('direction'), closed('way')],
      read: () =>
        (packets()?.interfaces ?? []).flatMap(({ name, inbound, outbound }) => [
          [[name, 'inbound', inbound ?? 'none'], 1] as const,
          [[name, 'outbound', outbound ?? 'none'], 1] as const,
        ]),
    },
    {
      spec: spec(
        'counter',
        'telegen_xdp_seen_packets',
        'Packets that the packet programs saw, filters or not.',
      ),
      read: () => rows(stats() && { seen: stats()?.seen ?? 0 }).map(([, value]) => [[], value] as const),
    },
    {
      spec: spec(
        'counter',
        'telegen_xdp_malformed_packets',
        'Those of them whose headers are cut off or contradict themselves.',
      ),
      read: () =>
        rows(stats() && { malformed: stats()?.malformed ?? 0 }).map(([, value]) => [[], value] as const),
    },
    {
      spec: spec(
        'counter',
        'telegen_xdp_listed_packets',
        'Packets from an address that a blocklist names (inbound), and to one (outbound).',
      ),
      labels: [closed('direction')],
      read: () => {
        const now = stats();
        return rows(now && { inbound: now.listed_received, outbound: now.listed_sent });
      },
    },
    {
      spec: spec(
        'counter',
        'telegen_xdp_untracked_packets',
        'Packets that found no room in a table (services: counted by protocol alone; sources, destinations, senders).',
      ),
      labels: [closed('table')],
      read: () => {
        const now = stats();
        return rows(
          now && {
            services: now.folded,
            sources: now.sources_untracked,
            destinations: now.destinations_untracked,
            senders: now.senders_untracked,
          },
        );
      },
    },
    {
      spec: spec(
        'counter',
        'telegen_xdp_probes_untold',
        'Probes that were not told (limited: more than the limits of a second; full: no room).',
      ),
      labels: [closed('reason')],
      read: () => {
        const now = stats();
        return rows(now && { limited: now.probes_limited, full: now.probes_untracked });
      },
    },
    {
      spec: spec(
        'counter',
        'telegen_xdp_samples',
        'Packets that were looked into (taken), or found no room (lost).',
      ),
      labels: [closed('result')],
      read: () => {
        const now = stats();
        return rows(now && { taken: now.samples, lost: now.samples_lost });
      },
    },
    {
      spec: spec('gauge', 'telegen_xdp_table_entries', 'Entries in use of the tables of packets.'),
      labels: [closed('table')],
      read: () => rows(packets() && { ...packets()?.sizes() }),
    },
  ];
}
