import { skipName } from './name.ts';
import { endOfRecord } from './parse-message.ts';
import { closeWire, createWire, openWire, u16, type Wire } from './wire.ts';

const HEADER_BYTES = 12;
/** Header, root name, type, class. */
const MIN_BYTES = 17;
const MAX_QUESTIONS = 4;
const MAX_QUERY_EXTRAS = 4;
/** Internet, Chaos, Hesiod, none, any. Without the top bit, which is a flag in multicast DNS. */
const CLASSES: readonly number[] = [1, 3, 4, 254, 255];
const TYPE_OPT = 41;
/** QUERY, NOTIFY, UPDATE. */
const OPCODES: readonly number[] = [0, 4, 5];
const MAX_HEADER_CODE = 11;

const wire = createWire();

/**
 * Whether a datagram on any port is a DNS message: header, names and records must fit together and fill it exactly.
 * Says no to what is cut.
 */
export function isLikelyDns(bytes: Uint8Array, start: number, end: number): boolean {
  openWire(wire, bytes, { start, end });
  const likely = isPlausibleHeader(wire) && fits(wire, true);
  closeWire(wire);
  return likely;
}

/** The same for the beginning of a TCP stream: a length, then a message, of which the questions must be there. */
export function isLikelyDnsStream(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 + MIN_BYTES) return false;
  const length = u16(bytes, start);
  const whole = start + 2 + length <= end;
  if (length < MIN_BYTES) return false;
  openWire(wire, bytes, { start: start + 2, end: whole ? start + 2 + length : end });
  const likely = isPlausibleHeader(wire) && fits(wire, whole);
  closeWire(wire);
  return likely;
}

function isPlausibleHeader({ bytes, start, end }: Wire): boolean {
  if (end - start < MIN_BYTES) return false;
  const flags = u16(bytes, start + 2);
  const reserved = flags & 0x0040;
  if (reserved !== 0 || !OPCODES.includes((flags >> 11) & 15)) return false;
  const questions = u16(bytes, start + 4);
  const answers = u16(bytes, start + 6);
  const extras = u16(bytes, start + 8) + u16(bytes, start + 10);
  if (questions > MAX_QUESTIONS) return false;
  if ((flags & 0x8000) !== 0) return (flags & 15) <= MAX_HEADER_CODE && questions + answers > 0;
  return questions > 0 && (flags & 15) === 0 && answers <= 1 && extras <= MAX_QUERY_EXTRAS;
}

function fits(message: Wire, whole: boolean): boolean {
  const { bytes, start } = message;
  message.at = start + HEADER_BYTES;
  for (let left = u16(bytes, start + 4); left > 0; left--) {
    if (!skipQuestion(message)) return false;
  }
  const records = u16(bytes, start + 6) + u16(bytes, start + 8) + u16(bytes, start + 10);
  for (let left = records; left > 0; left--) {
    if (!skipRecord(message)) return !whole && message.fault === 'cut';
  }
  return !whole || message.at === message.end;
}

function skipQuestion(message: Wire): boolean {
  // Nothing stands before the first name that it could be compressed with.
  if ((message.bytes[message.start + HEADER_BYTES] ?? 0) > 63) return false;
  skipName(message);
  if (message.fault !== undefined || message.end - message.at < 4) return false;
  const known = isKnownClass(message, message.at + 2);
  message.at += 4;
  return known;
}

function skipRecord(message: Wire): boolean {
  skipName(message);
  if (message.fault !== undefined) return false;
  const end = endOfRecord(message);
  if (end < 0) return false;
  const opt = u16(message.bytes, message.at) === TYPE_OPT;
  const known = opt || isKnownClass(message, message.at + 2);
  message.at = end;
  return known;
}

function isKnownClass({ bytes }: Wire, at: number): boolean {
  return CLASSES.includes(u16(bytes, at) & 0x7fff);
}
