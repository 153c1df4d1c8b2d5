import type { ReplaySummary } from '../../capture/replay/replay-capture.ts';
import type { PacketCounters } from '../../net/packet/context.ts';

/** Link types (tcpdump.org/linktypes.html) that captures have and telegen does not decode. */
const LINK_NAMES: Readonly<Record<number, string>> = {
  6: 'Token Ring',
  10: 'FDDI',
  104: 'Cisco HDLC',
  105: '802.11',
  107: 'Frame Relay',
  117: 'OpenBSD pflog',
  119: '802.11 with Prism header',
  127: '802.11 with radiotap header',
  163: '802.11 with AVS header',
  187: 'Bluetooth HCI',
  189: 'USB',
  192: 'PPI',
  195: '802.15.4',
  201: 'Bluetooth HCI',
  220: 'USB',
  227: 'CAN',
  239: 'nflog',
  249: 'USBPcap',
  251: 'Bluetooth Low Energy',
  253: 'netlink',
};

type Reasons = Readonly<Partial<Record<keyof PacketCounters, string>>>;

const FAULTS: Reasons = {
  cutHeader: 'cut inside a header',
  badIp: 'with a wrong IP header',
  extensionHeaders: 'with too many extension headers',
  badTransport: 'with a wrong TCP, UDP or ICMP header',
  tunnelDepth: 'with too many tunnels',
  tagDepth: 'with too many tags',
};
/** No faults of a frame, but why there may be nothing to tell. */
const OTHERS: Reasons = {
  notIp: 'without IP',
  otherProtocol: 'with other protocols than TCP, UDP and ICMP',
};

/** What to say of a file of which little or nothing was decoded. */
export interface Undecoded {
  readonly warning: string;
  /** There were frames, and none of them could be decoded. */
  readonly isFailure: boolean;
}

/** Undefined where most frames are sound and there is TCP, UDP or ICMP in some. */
export function undecoded({ packets, linkTypes }: ReplaySummary): Undecoded | undefined {
  const { packets: frames, tcp, udp, icmp } = packets;
  const isNothing = tcp + udp + icmp === 0;
  const links = Array.from(linkTypes, ([type, count]) => `${count} of link type ${type}${nameOf(type)}`);
  const faults = packets.linkType + sum(packets, FAULTS);
  if (faults * 2 > frames) {
    const reasons = [...links, ...told(packets, FAULTS)].join(', ');
    return {
      warning: `${faults} of ${frames} frames could not be decoded: ${reasons}`,
      isFailure: isNothing,
    };
  }
  if (!isNothing || sum(packets, OTHERS) === 0) return undefined;
  const reasons = [...links, ...told(packets, OTHERS), ...told(packets, FAULTS)].join(', ');
  return { warning: `nothing to tell of ${frames} frames: ${reasons}`, isFailure: false };
}

function nameOf(linkType: number): string {
  const name = LINK_NAMES[linkType];
  return name === undefined ? '' : ` (${name})`;
}

function keysOf(reasons: Reasons): readonly (keyof PacketCounters)[] {
  return Object.keys(reasons) as (keyof PacketCounters)[];
}

function sum(packets: Readonly<PacketCounters>, reasons: Reasons): number {
  return keysOf(reasons).reduce((all, key) => all + packets[key], 0);
}

function told(packets: Readonly<PacketCounters>, reasons: Reasons): string[] {
  return keysOf(reasons).flatMap((key) => (packets[key] > 0 ? [`${packets[key]} ${reasons[key]}`] : []));
}
