import { compileGlob } from '../../../net/glob.ts';
import type { InterfaceWay, NetworkInterface } from '../../addon.ts';

/** How packets are seen: `auto` is XDP at the network card, and TC everywhere else. */
export const PACKET_MODES = ['auto', 'native', 'generic', 'tc'] as const;
export type PacketMode = (typeof PACKET_MODES)[number];

export interface InterfaceChoice {
  /** Names or globs; empty means all but loopback. */
  readonly include: readonly string[];
  /** Wins over `include`. */
  readonly exclude: readonly string[];
}

/** Interfaces at most: each costs a look a second. */
export const MAX_INTERFACES = 256;
const ETHERNET = 1;
const LOOPBACK = 772;
/** What `ethtool -i` says of the bus of real hardware: PCI, virtio, USB, Xen, Hyper-V, platform devices. */
const HARDWARE_BUS = /^(?:[0-9a-f]{4}:|virtio|usb-|vif-|vmbus|platform|[0-9a-f-]{36}$)/;

/** Bytes in front of the IP header: tunnels and the like have none. */
export function linkHeaderSize({ type }: Pick<NetworkInterface, 'type'>): number {
  return type === ETHERNET || type === LOOPBACK ? 14 : 0;
}

/** Which interfaces to watch. Loopback only where it is named in full, since each packet on it passes twice. */
export function chooseInterfaces(
  all: readonly NetworkInterface[],
  { include, exclude }: InterfaceChoice,
): readonly NetworkInterface[] {
  const included = include.map(compileGlob);
  const excluded = exclude.map(compileGlob);
  const isWanted = ({ name, type }: NetworkInterface): boolean => {
    if (excluded.some((fits) => fits(name))) return false;
    if (type === LOOPBACK) return include.includes(name);
    return include.length === 0 || included.some((fits) => fits(name));
  };
  return all.filter(isWanted);
}

/** Native XDP on a virtual interface (veth, bridge, tap) costs its peers their segmentation offload. */
export function isHardware({ bus }: Pick<NetworkInterface, 'bus'>): boolean {
  return HARDWARE_BUS.test(bus);
}

/** Ways to see what arrives on an interface, best first. XDP looks for Ethernet headers. */
export function inboundWays(
  each: Pick<NetworkInterface, 'bus' | 'type'>,
  mode: PacketMode,
): readonly InterfaceWay[] {
  if (linkHeaderSize(each) === 0) return ['tc-ingress'];
  switch (mode) {
    case 'native':
      return ['xdp-native'];
    case 'generic':
      return ['xdp-generic'];
    case 'tc':
      return ['tc-ingress'];
    case 'auto':
      return isHardware(each) ? ['xdp-native', 'tc-ingress', 'xdp-generic'] : ['tc-ingress', 'xdp-generic'];
    default:
      return mode satisfies never;
  }
}
