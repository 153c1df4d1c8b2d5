import { type BpfObject, type InterfaceWay, isKernelError, type NetworkInterface } from '../../addon.ts';
import { reasonOf } from '../load-object.ts';
import { inboundWays, type PacketMode } from './choose.ts';

/** How an interface is watched. */
export interface InterfaceStatus {
  readonly name: string;
  readonly index: number;
  /** Absent: what arrives is not seen. */
  readonly inbound?: InterfaceWay;
  /** Absent: what leaves is not seen. */
  readonly outbound?: InterfaceWay;
  /** Why not by a better way, or not at all. */
  readonly reason?: string;
}

export interface AttachedInterface {
  readonly status: InterfaceStatus;
  readonly handles: readonly number[];
}

const PROGRAMS: Readonly<Record<InterfaceWay, string>> = {
  'xdp-native': 'tg_xdp',
  'xdp-generic': 'tg_xdp',
  'tc-ingress': 'tg_tc_ingress',
  'tc-egress': 'tg_tc_egress',
};

/** An interface takes one XDP program: another one is there, and is left alone. */
const TAKEN = new Set(['EBUSY', 'EEXIST']);

function why(error: unknown, way: InterfaceWay): string {
  if (isKernelError(error) && TAKEN.has(error.code))
    return `${way}: another XDP program is attached, it stays (${error.code})`;
  if (isKernelError(error) && error.code === 'EINVAL' && way.startsWith('tc-'))
    return `${way}: needs Linux 6.6 (${reasonOf(error)})`;
  return `${way}: ${reasonOf(error)}`;
}

interface Attempt {
  readonly way?: InterfaceWay;
  readonly handle?: number;
  readonly reasons: readonly string[];
}

function attempt(object: BpfObject, index: number, ways: readonly InterfaceWay[]): Attempt {
  const reasons: string[] = [];
  for (const way of ways) {
    try {
      return { way, handle: object.attachInterface(PROGRAMS[way], index, way), reasons };
    } catch (error) {
      reasons.push(why(error, way));
    }
  }
  return { reasons };
}

/** Attaches to one interface by the best ways that work; what cannot be had is said in the status. */
export function attachTo(object: BpfObject, each: NetworkInterface, mode: PacketMode): AttachedInterface {
  const inbound = attempt(object, each.index, inboundWays(each, mode));
  const outbound = attempt(object, each.index, ['tc-egress']);
  const reason = [...inbound.reasons, ...outbound.reasons].join('; ');
  return {
    status: {
      name: each.name,
      index: each.index,
      ...(inbound.way === undefined ? {} : { inbound: inbound.way }),
      ...(outbound.way === undefined ? {} : { outbound: outbound.way }),
      ...(reason === '' ? {} : { reason }),
    },
    handles: [inbound.handle, outbound.handle].filter((handle) => handle !== undefined),
  };
}
