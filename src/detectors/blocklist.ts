import { ATTR } from '../model/attributes.ts';
import type { Detector } from '../model/detector.ts';
import type { ReputationLookup } from '../model/lookup.ts';
import { openingDirection } from './opening.ts';

const BODY = {
  outbound: 'Suspicious outbound connection to known bad IP',
  inbound: 'Suspicious inbound connection from known bad IP',
} as const;

/** Connections to or from an address that a blocklist names. */
export function blocklist(reputation: ReputationLookup): Detector {
  const name = 'blocklist';
  return {
    name,
    asks: [],
    inspect(event) {
      const direction = openingDirection(event);
      if (!direction) return undefined;
      const matches = reputation.lookup(event.remote.ip);
      if (matches.length === 0) return undefined;
      return {
        detector: name,
        eventType: 'suspicious_connection',
        severity: 'WARNING',
        gravity: 80,
        body: BODY[direction],
        reason: 'blocklist',
        event,
        // Both arrays have one element per list, in the same order.
        attributes: {
          [ATTR.listName]: matches.map(({ list }) => list),
          [ATTR.listEntry]: matches.map(({ entry }) => entry),
        },
      };
    },
  };
}
