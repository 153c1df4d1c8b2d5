import type { IpAddress } from '../../model/ip-address.ts';
import type { Workload } from '../../model/process.ts';
import { ipKey, parseIp } from '../../net/ip.ts';
import { type AddressRange, parsePrefix } from '../../net/prefix.ts';
import { type PrefixSet, prefixSetOf } from '../../net/prefix-set.ts';
import { listAt, textAt, textsAt } from './json.ts';
import { createMirror, type Mirror } from './mirror.ts';

/** What is kept of a node. */
export interface ClusterNode {
  readonly workload: Workload;
  readonly keys: readonly (number | string)[];
  /** Ranges that its pods get their addresses from. */
  readonly podRanges: readonly AddressRange[];
}

/** Nodes of the cluster: whose address it is, and which ranges belong to pods. */
export interface NodeStore {
  readonly mirror: Mirror<ClusterNode>;
  /** Only a node name: whose address it is. */
  byAddress(ip: IpAddress): Workload | undefined;
  isPodAddress(ip: IpAddress): boolean;
}

/** Wider ranges would declare half of the internet to be the cluster's. */
const MIN_PREFIX = { v4: 8, v6: 16 };

/** Undefined when it lacks what a node has to have. */
export function parseNode(object: unknown): ClusterNode | undefined {
  const nodeName = textAt(object, 'metadata', 'name');
  if (nodeName === undefined) return undefined;
  const addresses = listAt(object, 'status', 'addresses').flatMap((each) => textAt(each, 'address') ?? []);
  const single = textAt(object, 'spec', 'podCIDR');
  const plural = textsAt(object, 'spec', 'podCIDRs');
  return {
    workload: { nodeName },
    // Host names are among them.
    keys: addresses.flatMap((text) => {
      const ip = parseIp(text);
      return ip === undefined ? [] : [ipKey(ip)];
    }),
    podRanges: (plural.length > 0 || single === undefined ? plural : [single]).flatMap(rangeOf),
  };
}

function rangeOf(text: string): AddressRange[] {
  const parsed = parsePrefix(text);
  const length = Number(text.slice(text.indexOf('/') + 1));
  const isNarrow = length >= (text.includes(':') ? MIN_PREFIX.v6 : MIN_PREFIX.v4);
  return parsed.ok && isNarrow ? [parsed.range] : [];
}

/** Creates an empty store of at most `max` nodes. */
export function createNodeStore(max: number): NodeStore {
  const nodes = new Set<ClusterNode>();
  const byAddress = new Map<number | string, ClusterNode>();
  let ranges: PrefixSet | undefined;

  function drop(node: ClusterNode): void {
    nodes.delete(node);
    for (const key of node.keys) if (byAddress.get(key) === node) byAddress.delete(key);
    ranges = undefined;
  }

  return {
    mirror: createMirror<ClusterNode>({
      max,
      added(node, before) {
        if (before !== undefined) drop(before);
        nodes.add(node);
        for (const key of node.keys) byAddress.set(key, node);
        ranges = undefined;
      },
      removed: drop,
    }),
    byAddress: (ip) => byAddress.get(ipKey(ip))?.workload,
    isPodAddress(ip) {
      // Built anew when it is asked for: while nodes are listed nobody may ask at all.
      ranges ??= prefixSetOf([...nodes].flatMap(({ podRanges }) => podRanges));
      return ranges.has(ip);
    },
  };
}
