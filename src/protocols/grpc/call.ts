import type { GrpcFacts, HttpFacts } from '../../model/conversation.ts';

/** What ends a call, as its header fields say it. */
export interface GrpcEnd {
  /** `grpc-status` */
  readonly status?: string;
  /** `grpc-message` */
  readonly message?: string;
  readonly requestMessages?: number | undefined;
  readonly responseMessages?: number | undefined;
}

/** `application/grpc`, alone or with a suffix such as `+proto`; gRPC-Web is another protocol. */
export function isGrpcType(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:[+;]|\s*$)/i.test(contentType);
}

/** The facts of a call over the exchange that carried it. */
export function grpcFacts(http: HttpFacts, end: GrpcEnd): GrpcFacts {
  const path = /^\/([^?]+)\/([^/?]+)$/.exec(http.target ?? '');
  const [, service, method] = path ?? [];
  const { status, message, requestMessages, responseMessages } = end;
  return {
    http,
    ...(service !== undefined && { service }),
    ...(method !== undefined && { method }),
    ...(status !== undefined && /^\d{1,9}$/.test(status) && { statusCode: Number(status) }),
    ...(message !== undefined && { statusMessage: percentDecoded(message) }),
    ...(requestMessages !== undefined && { requestMessages }),
    ...(responseMessages !== undefined && { responseMessages }),
  };
}

/** UTF-8 behind percent signs; what is not well-formed stays as it was sent (gRPC asks receivers never to fail here). */
function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  });
}
