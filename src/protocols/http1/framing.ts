import type { Head } from './head.ts';

/** How a body ends. A length is a number of bytes. */
export type Framing = number | 'chunked' | 'close' | 'unknown';

/** Numbers above it are not exact. */
const MAX_LENGTH = Number.MAX_SAFE_INTEGER;

/** Body of a request (RFC 9112, 6.3). */
export function requestFraming(head: Head): Framing {
  if (!head.whole) return 'unknown';
  if (head.transferEncoding !== undefined) return endsChunked(head.transferEncoding) ? 'chunked' : 'unknown';
  return head.contentLength === undefined ? 0 : announcedLength(head.contentLength);
}

/**
 * Body of a response to `method`. When the request is not known it may be HEAD: then a body without length is not taken to
 * last until the end.
 */
export function responseFraming(head: Head, method: string | undefined): Framing {
  const status = head.line.statusCode ?? 0;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
    return head.whole ? 0 : 'unknown';
  }
  if (!head.whole) return 'unknown';
  if (head.transferEncoding !== undefined) return endsChunked(head.transferEncoding) ? 'chunked' : 'close';
  if (head.contentLength !== undefined) return announcedLength(head.contentLength);
  return method === undefined ? 'unknown' : 'close';
}

function endsChunked(transferEncoding: string): boolean {
  return /(?:^|[,\s])chunked\s*$/i.test(transferEncoding);
}

/** Repeated equal numbers are one (RFC 9110, 8.6); contradictory ones leave the end unknown. */
function announcedLength(text: string): Framing {
  const plain = smallNumber(text);
  if (plain >= 0) return plain;
  const parts = text.split(',').map((part) => part.trim());
  const first = parts[0] ?? '';
  if (!/^\d+$/.test(first) || parts.some((part) => part !== first)) return 'unknown';
  const length = Number(first);
  return length <= MAX_LENGTH ? length : 'unknown';
}

/** Value of up to 15 digits; -1 for anything else. */
function smallNumber(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
