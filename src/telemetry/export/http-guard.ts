import { createHash, timingSafeEqual } from 'node:crypto';

/** What a token may look like: long enough not to be guessed, and whole in one header. */
export const TOKEN = /^[\x21-\x7e]{16,4096}$/;

/** Answered to everybody: orchestrators ask without a token, and the answers say little. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Says whether a request may have an answer; `authorization` is its header. */
export type HttpGuard = (request: {
  readonly path: string;
  readonly authorization: string | undefined;
}) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Wants `Bearer TOKEN` of the token that holds at that moment; how long it takes to compare tells nothing of it. */
export function bearerGuard(token: () => string): HttpGuard {
  return ({ path, authorization = '' }) => {
    if (OPEN_PATHS.has(path)) return true;
    const [scheme = '', given = ''] = authorization.split(/ +(.*)/s, 2);
    return timingSafeEqual(digest(given), digest(token())) && scheme.toLowerCase() === 'bearer';
  };
}
