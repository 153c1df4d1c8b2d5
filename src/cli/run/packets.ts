import { loadAddon } from '../../capture/addon.ts';
import type { LiveCapture } from '../../capture/live/live-capture.ts';
import { openPacketCapture, type PacketCapture } from '../../capture/live/packets/packet-capture.ts';
import type { PacketSettings } from '../../capture/live/packets/settings.ts';
import type { NetworkConfig } from '../../config/config.ts';
import type { PacketSample } from '../../model/packets.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { Diagnostics } from './diagnostics.ts';

export interface PacketParts {
  readonly network: NetworkConfig;
  /** Interfaces that are monitored; empty means all. */
  readonly monitored: readonly string[];
  readonly capture: LiveCapture;
  readonly engine: Pick<Engine, 'handlePackets'>;
  /** Looks into 1 in N packets. */
  readonly onSample: ((sample: PacketSample) => void) | undefined;
  readonly diagnostics: Diagnostics;
}

/** Where to look, and at what: interfaces of `xdp` first, else those that are monitored. */
export function packetSettings(network: NetworkConfig, monitored: readonly string[]): PacketSettings {
  const { mode, interfaces, ports, protocols, sampleRate } = network.xdp;
  return {
    mode,
    include: interfaces.length > 0 ? interfaces : monitored,
    exclude: network.excludeInterfaces,
    ports,
    protocols,
    sampleRate,
  };
}

/** Watches packets, when that is switched on. */
export function openPackets(parts: PacketParts): PacketCapture | undefined {
  const { network, monitored, capture, engine, onSample, diagnostics } = parts;
  if (!network.xdp.enabled) return undefined;
  return openPacketCapture({
    addon: loadAddon(),
    sockets: capture.core,
    settings: packetSettings(network, monitored),
    hasLists: capture.lists !== undefined,
    onEvent: engine.handlePackets,
    ...(onSample === undefined ? {} : { onSample }),
    onWarning: diagnostics.warn,
    onNote: diagnostics.info,
  });
}
