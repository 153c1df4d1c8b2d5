/** Why a request came to nothing; the label `reason` of telegen_kubernetes_failures_total. */
export const FAILURES = [
  'unreachable',
  'silent',
  'credentials',
  'unauthorized',
  'forbidden',
  'gone',
  'not_found',
  'throttled',
  'server',
  'malformed',
  'too_long',
] as const;
export type Failure = (typeof FAILURES)[number];

/** A request to the Kubernetes API that failed, in words without any secret. */
export class ApiError extends Error {
  readonly reason: Failure;
  /** How long the server wants us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: Failure, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ApiError';
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

const BY_STATUS: Readonly<Record<number, Failure>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  410: 'gone',
  429: 'throttled',
};

/** What an HTTP status, or the code of a Status object, means. */
export function failureOf(status: number): Failure {
  return BY_STATUS[status] ?? 'server';
}

/** Any failure as an ApiError; what is none was a broken connection. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // Node's word for a peer that went away in the middle of an answer.
  return new ApiError('unreachable', message === 'aborted' ? 'the connection broke off' : message);
}
