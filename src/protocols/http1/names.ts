import { latin1 } from './latin1.ts';

/** Lower-case byte of a token character (RFC 9110, 5.6.2), 0 for all others. */
export const TOKEN = tokenTable();

const COMMON = [
  'accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials',
  'access-control-allow-headers access-control-allow-methods access-control-allow-origin age allow alt-svc',
  'authorization cache-control connection content-disposition content-encoding content-language content-length',
  'content-location content-range content-security-policy content-type cookie date dnt etag expect expires',
  'forwarded from host http2-settings if-match if-modified-since if-none-match if-range if-unmodified-since',
  'keep-alive last-modified link location max-forwards origin pragma priority proxy-authenticate',
  'proxy-authorization proxy-connection range referer referrer-policy retry-after sec-ch-ua sec-ch-ua-mobile',
  'sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept',
  'sec-websocket-key sec-websocket-protocol sec-websocket-version server server-timing set-cookie soapaction',
  'strict-transport-security te trace-context traceparent tracestate trailer transfer-encoding upgrade',
  'upgrade-insecure-requests user-agent vary via warning www-authenticate x-api-key x-b3-spanid x-b3-traceid',
  'x-cache x-content-type-options x-correlation-id x-envoy-upstream-service-time x-forwarded-for',
  'x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by x-real-ip x-request-id',
  'x-requested-with x-xss-protection',
].flatMap((line) => line.split(' '));

/** Slots of an open-addressed table; sparse, so that a look-up seldom needs a second step. */
const SLOTS = 1024;
const slots = Array.from<string | undefined>({ length: SLOTS });
/** The bytes of all names; those of the name in slot i begin at `starts[i]`. */
const letters = Uint8Array.from(COMMON.join(''), (char) => char.charCodeAt(0));
const starts = new Uint16Array(SLOTS);
let next = 0;
for (const name of COMMON) {
  let slot = slotOf(letters, next, next + name.length);
  while (slots[slot] !== undefined) slot = (slot + 1) & (SLOTS - 1);
  slots[slot] = name;
  starts[slot] = next;
  next += name.length;
}

/** The name in lower case; it must be a token, and not empty. */
export function headerName(bytes: Uint8Array, start: number, end: number): string {
  for (let slot = slotOf(bytes, start, end); ; slot = (slot + 1) & (SLOTS - 1)) {
    const name = slots[slot];
    if (name === undefined) return latin1(bytes, start, end).toLowerCase();
    if (name.length === end - start && sameLetters(bytes, start, end, starts[slot] as number)) return name;
  }
}

/** Among token characters, bit 5 tells only the cases of a letter apart (and `^` from `~`, which no name here has). */
function sameLetters(bytes: Uint8Array, start: number, end: number, known: number): boolean {
  for (let i = start, j = known; i < end; i++, j++) {
    if (((bytes[i] as number) | 32) !== letters[j]) return false;
  }
  return true;
}

/** Length and three letters tell nearly all names apart. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = TOKEN[bytes[start] as number] as number;
  const middle = TOKEN[bytes[start + (length >> 1)] as number] as number;
  const last = TOKEN[bytes[end - 1] as number] as number;
  return (length * 37 + first * 5 + middle * 67 + last * 211) & (SLOTS - 1);
}

function tokenTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (const code of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
    table[code.charCodeAt(0)] = code.charCodeAt(0);
    table[code.toUpperCase().charCodeAt(0)] = code.charCodeAt(0);
  }
  return table;
}
