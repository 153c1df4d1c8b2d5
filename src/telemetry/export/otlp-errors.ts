import { GRPC_STATUS } from '../../net/grpc-status.ts';
import { retryAfterOf } from './otlp-retry-info.ts';

/**
 * `transient`: worth retrying soon. `refused`: somebody has to change something first, retried slowly.
 * `data`: the receiver dislikes what is in this batch.
 */
export type FailureKind = 'transient' | 'refused' | 'data';

export interface Failure {
  readonly kind: FailureKind;
  /** For the operator: status, the receiver's words, and the cure when there is one. */
  readonly message: string;
  /** How long the receiver asks to wait. */
  readonly retryAfterMs?: number | undefined;
}

const CURES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'check otlp.headers (credentials)',
  PERMISSION_DENIED: 'check the rights of the credentials in otlp.headers',
  UNIMPLEMENTED: 'is this an OTLP gRPC receiver with logs enabled?',
};

/** gRPC reports a failed handshake as UNAVAILABLE; only the text tells that retrying will not help. */
const TLS_TROUBLE =
  /certificate|self[- ]signed|altname|unable to verify|ssl routines|ERR_SSL|ERR_TLS|wrong version number|tlsv1 alert/i;
const TOO_LARGE = /larger than max|too large|max(?:imum)? message size/i;

function statusOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return (typeof code === 'number' && GRPC_STATUS[code]) || 'UNKNOWN';
}

function detailOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'details' in error) {
    const { details } = error;
    if (typeof details === 'string' && details !== '') return details;
  }
  return error instanceof Error ? error.message : String(error);
}

/** Says what a failed export means for the next attempt. */
export function classifyFailure(error: unknown): Failure {
  const status = statusOf(error);
  const detail = detailOf(error);
  const message = `${status}: ${detail}`;
  if (status === 'INVALID_ARGUMENT' || (status === 'RESOURCE_EXHAUSTED' && TOO_LARGE.test(detail))) {
    return { kind: 'data', message };
  }
  if (status === 'UNAVAILABLE' && TLS_TROUBLE.test(detail)) {
    return { kind: 'refused', message: `${message} (check otlp.tls and that the endpoint speaks TLS)` };
  }
  const cure = CURES[status];
  return cure === undefined
    ? { kind: 'transient', message, retryAfterMs: retryAfterOf(error) }
    : { kind: 'refused', message: `${message} (${cure})` };
}
