import { networkInterfaces } from 'node:os';
import type { IpAddress } from '../model/ip-address.ts';
import { compileGlob } from '../net/glob.ts';
import { ipKey, parseIp } from '../net/ip.ts';

/** Says whether traffic of a local address is to be looked at. */
export interface InterfaceFilter {
  /** `timeMs` paces the reading of the interface list. */
  allows(local: IpAddress, timeMs: number): boolean;
}

export interface InterfaceFilterOptions {
  /** Names or globs; empty means all. */
  readonly include: readonly string[];
  /** Wins over `include`. */
  readonly exclude: readonly string[];
  readonly addresses?: () => ReadonlyMap<string, readonly string[]>;
}

const REFRESH_MS = 2_000;

/** Addresses of this network namespace by interface name. */
function hostAddresses(): ReadonlyMap<string, readonly string[]> {
  const entries = Object.entries(networkInterfaces());
  return new Map(entries.map(([name, list]) => [name, (list ?? []).map((each) => each.address)]));
}

/**
 * A connection belongs to the interface that holds its local address. Only what is known to be elsewhere is left
 * out: addresses of other network namespaces, and sockets without an address yet, are always looked at.
 */
export function createInterfaceFilter(options: InterfaceFilterOptions): InterfaceFilter | undefined {
  const { include, exclude, addresses = hostAddresses } = options;
  if (include.length === 0 && exclude.length === 0) return undefined;
  const included = include.map(compileGlob);
  const excluded = exclude.map(compileGlob);
  const isWatched = (name: string): boolean =>
    !excluded.some((matches) => matches(name)) &&
    (include.length === 0 || included.some((matches) => matches(name)));
  let watched = new Map<number | string, boolean>();
  let refreshedMs = Number.NEGATIVE_INFINITY;

  function refresh(timeMs: number): void {
    refreshedMs = timeMs;
    watched = new Map();
    for (const [name, list] of addresses()) {
      for (const text of list) {
        const ip = parseIp(text);
        // An address on two interfaces is watched when one of them is.
        if (ip !== undefined) watched.set(ipKey(ip), isWatched(name) || watched.get(ipKey(ip)) === true);
      }
    }
  }

  return {
    allows(local, timeMs) {
      if (Math.abs(timeMs - refreshedMs) > REFRESH_MS) refresh(timeMs);
      return watched.get(ipKey(local)) ?? true;
    },
  };
}
