import type { JudgedEvent } from '../model/detector.ts';

/** The host name that a conversation speaks of, as it was seen: DNS question, TLS server name, or host of the HTTP request. */
export function observedName(event: JudgedEvent): string | undefined {
  switch (event.kind) {
    case 'dns':
      return event.dns.questionName;
    case 'tls':
      return event.tls.serverName;
    case 'http':
      return hostOf(event.http.authority);
    case 'grpc':
      return hostOf(event.grpc.http.authority);
    default:
      return undefined;
  }
}

/** Of `user@host` servers take the host (RFC 3986, 3.2.1), although no Host header may have a user. */
function hostOf(authority: string | undefined): string | undefined {
  return authority?.includes('@') ? authority.slice(authority.lastIndexOf('@') + 1) : authority;
}
