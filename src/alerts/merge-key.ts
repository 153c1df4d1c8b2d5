import type { ConversationFacts } from '../model/conversation.ts';
import type { Finding } from '../model/finding.ts';
import { formatIp } from '../net/ip.ts';

/** Cannot occur in a path, a command name or an address, so joined parts stay distinct. */
const SEPARATOR = '\u0000';

function processIdentity({ process, owner }: ConversationFacts): string {
  if (process !== undefined) return process.key;
  return owner === undefined ? 'unknown:' : `unknown:${owner.comm}/${owner.pid}`;
}

/** What makes two findings "the like": detector, process identity, and subject or peer address (any port). */
export function mergeKey({
  detector,
  event,
  subject,
}: Pick<Finding, 'detector' | 'event' | 'subject'>): string {
  const parts =
    event.kind === 'loss'
      ? [detector, 'loss', event.what, event.reason]
      : [detector, 'connection', processIdentity(event), subject ?? formatIp(event.remote.ip)];
  return parts.join(SEPARATOR);
}
