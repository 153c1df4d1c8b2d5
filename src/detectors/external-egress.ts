import type { ConversationFacts } from '../model/conversation.ts';
import type { Detector } from '../model/detector.ts';
import type { IpAddress } from '../model/ip-address.ts';
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
    /** Executable paths; `*` stands for any run of characters. */
    readonly processes: readonly string[];
  };
}

/**
 * Connections out of the internal networks that nothing allows. Throws TELEGEN_CONFIG for a network that
 * cannot be read.
 */
export function externalEgress({ internalNetworks, allow }: ExternalEgressOptions): Detector {
  const name = 'external-egress';
  const internal = parsePrefixSet(internalNetworks, 'security.internal_networks');
  const isAllowed = compileAllow(allow);
  return {
    name,
    inspect(event) {
      if (openingDirection(event) !== 'outbound') return undefined;
      const { ip } = event.remote;
      if (isUnspecified(ip) || internal.has(ip) || isAllowed(event)) return undefined;
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
  ports,
  processes,
}: ExternalEgressOptions['allow']): (event: ConversationFacts) => boolean {
  const networks = parsePrefixSet(cidrs, 'security.allow.cidrs');
  const portSet = new Set(ports);
  const globs = processes.map(compileGlob);
  return ({ remote, process }) => {
    if (portSet.has(remote.port) || networks.has(remote.ip)) return true;
    const path = process?.executablePath;
    return path !== undefined && globs.some((matches) => matches(path));
  };
}

/** Linux takes a connect to 0.0.0.0 or :: as one to this host. */
function isUnspecified({ w0, w1, w2, w3 }: IpAddress): boolean {
  return (w0 | w1 | w2 | w3) === 0;
}
