import type { ConversationFacts } from '../model/conversation.ts';
import type { Detector } from '../model/detector.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { ClusterLookup } from '../model/lookup.ts';
import { compileGlob } from '../net/glob.ts';
import { parsePrefixSet } from '../net/prefix-set.ts';
import { openingDirection } from './opening.ts';

export interface ExternalEgressOptions {
  /** Addresses, CIDRs and ranges that are not external. */
  readonly internalNetworks: readonly string[];
  /** What may go out all the same; one match is enough. */
  readonly allow: {
    readonly cidrs: readonly string[];
    readonly ports: readonly number[];
    /** Domain names; each stands for the names below it, too. */
    readonly names?: readonly string[];
    /** Executable paths; `*` stands for any run of characters. */
    readonly processes: readonly string[];
  };
}

/**
 * Connections out of the internal networks, and out of the cluster, that nothing allows. Throws TELEGEN_CONFIG for a
 * network that cannot be read.
 */
export function externalEgress(
  { internalNetworks, allow }: ExternalEgressOptions,
  cluster?: Pick<ClusterLookup, 'isOwn'>,
): Detector {
  const name = 'external-egress';
  const internal = parsePrefixSet(internalNetworks, 'security.internal_networks');
  const isAllowed = compileAllow(allow);
  return {
    name,
    // The answers seen give the names.
    asks: allow.names?.length ? ['dns'] : [],
    inspect(event) {
      if (openingDirection(event) !== 'outbound') return undefined;
      const { ip } = event.remote;
      if (isUnspecified(ip) || internal.has(ip) || isAllowed(event)) return undefined;
      if (cluster?.isOwn(ip) === true) return undefined;
      return {
        detector: name,
        eventType: 'external_connection',
        severity: 'INFO',
        gravity: 10,
        body: 'Outbound connection to external address',
        reason: 'external_connection',
        event,
        attributes: {},
      };
    },
  };
}

function compileAllow({
  cidrs,
  names = [],
  ports,
  processes,
}: ExternalEgressOptions['allow']): (event: ConversationFacts) => boolean {
  const networks = parsePrefixSet(cidrs, 'security.allow.cidrs');
  const portSet = new Set(ports);
  const globs = processes.map(compileGlob);
  const isAllowedName = compileNames(names);
  return (event) => {
    const { remote } = event;
    if (portSet.has(remote.port) || networks.has(remote.ip)) return true;
    if (names.length > 0 && event.peerNames?.some(isAllowedName)) return true;
    const { process } = event;
    const path = process?.executablePath;
    return path !== undefined && globs.some((matches) => matches(path));
  };
}

function compileNames(names: readonly string[]): (name: string) => boolean {
  const wanted = names.map((name) =>
    name
      .toLowerCase()
      .replace(/^\*?\./, '')
      .replace(/\.$/, ''),
  );
  return (name) => wanted.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

/** Linux takes a connect to 0.0.0.0 or :: as one to this host. */
function isUnspecified({ w0, w1, w2, w3 }: IpAddress): boolean {
  return (w0 | w1 | w2 | w3) === 0;
}
