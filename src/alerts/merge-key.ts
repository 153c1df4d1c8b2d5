import type { ConversationFacts } from '../model/conversation.ts';
import type { Finding } from '../model/finding.ts';
import { formatIp } from '../net/ip.ts';

/** Cannot occur in a path, a command name or an address, so joined parts stay distinct. */
const SEPARATOR = '\u0000';

function processIdentity({ process, owner }: Pick<ConversationFacts, 'process' | 'owner'>): string {
  if (process !== undefined) return process.key;
  return owner === undefined ? 'unknown:' : `unknown:${owner.comm}/${owner.pid}`;
}

/** What makes two findings "the like": detector, process identity, and subject or peer address (any port). */
export function mergeKey({
  detector,
  mergeAs,
  event,
  subject,
}: Pick<Finding, 'detector' | 'mergeAs' | 'event' | 'subject'>): string {
  const who = mergeAs ?? detector;
  switch (event.kind) {
    case 'loss':
      return [who, 'loss', event.what, event.reason].join(SEPARATOR);
    case 'process':
      return [who, 'process', processIdentity({ process: event.process, owner: event.owner })].join(
        SEPARATOR,
      );
    case 'packet_rate':
    case 'probe':
      return [who, event.kind, event.interface, subject ?? ''].join(SEPARATOR);
    default:
      return [who, 'connection', processIdentity(event), subject ?? formatIp(event.remote.ip)].join(
        SEPARATOR,
      );
  }
}
