import type { JudgedEvent } from '../model/detector.ts';

/** The host name that a conversation speaks of, as it was seen: DNS question, TLS server name, or HTTP host. */
export function observedName(event: JudgedEvent): string | undefined {
  switch (event.kind) {
    case 'dns':
      return event.dns.questionName;
    case 'tls':
      return event.tls.serverName;
    case 'http':
      return event.http.authority;
    case 'grpc':
      return event.grpc.http.authority;
    default:
      return undefined;
  }
}
