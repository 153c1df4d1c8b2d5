import type { InterfaceStatus } from '../../capture/live/packets/attach.ts';
import type { PacketStats } from '../../capture/live/packets/stats.ts';
import type { TableSizes } from '../../capture/live/packets/windows.ts';
import type { Talkers } from '../../telemetry/aggregate/talkers.ts';

/** What the packet side tells of itself; read at each request. */
export interface PacketPorts {
  readonly interfaces: readonly InterfaceStatus[];
  stats(): PacketStats;
  sizes(): TableSizes;
}

/** The part `packets` of `/api/v1/status`. */
export interface PacketsReport {
  readonly interfaces: readonly InterfaceStatus[];
  /** The latest window of each interface and direction, the busiest first. */
  readonly windows: readonly Talkers[];
  readonly counters: PacketStats;
  readonly tables: TableSizes;
}

/** Undefined where packets are not watched. */
export function packetsReport(
  packets: PacketPorts | undefined,
  windows: readonly Talkers[],
): PacketsReport | undefined {
  if (packets === undefined) return undefined;
  return { interfaces: packets.interfaces, windows, counters: packets.stats(), tables: packets.sizes() };
}
