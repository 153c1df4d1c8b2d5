import type { DnsRecord } from '../../model/conversation.ts';
import type { DnsEdns, DnsFailure, DnsMessage, DnsQuestion } from './message.ts';
import { beginNames, readName, skipName } from './name.ts';
import { genericText, rdataText } from './rdata.ts';
import { recordTypeName } from './record-types.ts';
import { responseCodeName } from './response-codes.ts';
import { closeWire, createWire, openWire, u16, u32, type Wire } from './wire.ts';

const HEADER_BYTES = 12;
const MAX_MESSAGE_BYTES = 65_535;
const TYPE_OPT = 41;
/** The top bit of the class is a flag in multicast DNS (RFC 6762). */
const CLASS_MASK = 0x7fff;
const NO_RECORDS: readonly DnsRecord[] = [];
/** Keeps a place. */
const NO_RECORD: DnsRecord = { name: '', type: '', ttlSeconds: 0, data: '' };

const wire = createWire();
/** What reading the sections of the present message has found besides the records. */
const found: { edns: DnsEdns | undefined; extendedCode: number; odd: number } = {
  edns: undefined,
  extendedCode: 0,
  odd: 0,
};

/** The whole message in `bytes` from `start` to `end`. Never throws; trailing bytes are ignored. */
export function parseDnsMessage(bytes: Uint8Array, start: number, end: number): DnsMessage | DnsFailure {
  return parse(bytes, { start, end }, true);
}

/** Like `parseDnsMessage`, without the text of the authority and additional sections: for the hot path. */
export function parseDnsAnswers(bytes: Uint8Array, start: number, end: number): DnsMessage | DnsFailure {
  return parse(bytes, { start, end }, false);
}

function parse(
  bytes: Uint8Array,
  range: { start: number; end: number },
  everything: boolean,
): DnsMessage | DnsFailure {
  openWire(wire, bytes, range);
  beginNames(bytes);
  found.edns = undefined;
  found.extendedCode = 0;
  found.odd = 0;
  const message = readMessage(everything);
  closeWire(wire);
  return message;
}

function readMessage(everything: boolean): DnsMessage | DnsFailure {
  const { bytes, start, end } = wire;
  if (end - start < HEADER_BYTES) return { error: 'cut' };
  if (end - start > MAX_MESSAGE_BYTES) return { error: 'too-large' };
  const flags = u16(bytes, start + 2);
  wire.at = start + HEADER_BYTES;
  const questions = readQuestions(u16(bytes, start + 4));
  if (wire.fault !== undefined) return { error: wire.fault };
  const answers = readRecords(u16(bytes, start + 6));
  const authorityCount = u16(bytes, start + 8);
  const additionalCount = u16(bytes, start + 10);
  const authorities = everything ? readRecords(authorityCount) : walkRecords(authorityCount);
  const additionals = everything ? readRecords(additionalCount) : walkRecords(additionalCount);
  const message: DnsMessage = {
    id: u16(bytes, start),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    responseCode: responseCodeOf(flags),
    questions,
    answers,
    authorities,
    additionals,
    edns: found.edns,
    fault: wire.fault,
    oddRecords: found.odd,
  };
  // Hardly ever set: to spread it into each message takes longer than to read a name.
  return (flags & 0x0040) === 0 ? message : { ...message, reservedBit: true };
}

/** Where the sections could not be read to their end, an OPT record may have been missed. */
function responseCodeOf(flags: number): string | undefined {
  if ((flags & 0x8000) === 0 || (wire.fault !== undefined && found.edns === undefined)) return undefined;
  return responseCodeName((found.extendedCode << 4) | (flags & 15));
}

function readQuestions(count: number): DnsQuestion[] {
  // Nearly always one: a literal array is not made larger than that.
  const first = count > 0 ? readQuestion() : undefined;
  const questions = first === undefined ? [] : [first];
  for (let i = 1; i < count && wire.fault === undefined; i++) {
    const question = readQuestion();
    if (question !== undefined) questions.push(question);
  }
  return questions;
}

function readQuestion(): DnsQuestion | undefined {
  const name = readName(wire);
  const { bytes, at } = wire;
  if (wire.fault === undefined && wire.end - at < 4) wire.fault = 'cut';
  spend(name.length);
  if (wire.fault !== undefined) return undefined;
  wire.at = at + 4;
  return { name, type: recordTypeName(u16(bytes, at)), class: u16(bytes, at + 2) & CLASS_MASK };
}

function spend(characters: number): void {
  wire.budget -= characters;
  if (wire.budget < 0) wire.fault ??= 'too-large';
}

function readRecords(count: number): readonly DnsRecord[] {
  if (count === 0 || wire.fault !== undefined) return NO_RECORDS;
  const records = roomFor(count);
  let used = 0;
  for (let i = 0; i < count; i++) {
    const record = readRecord();
    if (wire.fault !== undefined) break;
    if (record === undefined) continue;
    if (used < records.length) records[used] = record;
    else records.push(record);
    used++;
  }
  if (used === 0) return NO_RECORDS;
  // To set the length takes many times as long.
  while (records.length > used) records.pop();
  return records;
}

/** An array that grows from nothing has room for 17: of the usual few records, a literal one holds no more than these. */
function roomFor(count: number): DnsRecord[] {
  if (count === 1) return [NO_RECORD];
  if (count === 2) return [NO_RECORD, NO_RECORD];
  if (count === 3) return [NO_RECORD, NO_RECORD, NO_RECORD];
  return count === 4 ? [NO_RECORD, NO_RECORD, NO_RECORD, NO_RECORD] : [];
}

/** Undefined for OPT, and where there is a fault. */
function readRecord(): DnsRecord | undefined {
  const root = wire.bytes[wire.at] === 0;
  const name = readName(wire);
  const end = wire.fault === undefined ? endOfRecord(wire) : -1;
  return end < 0 || (root && takeOpt(end)) ? undefined : readBody(name, end);
}

/** For sections that nobody wants: finds OPT and whether they can be read. */
function walkRecords(count: number): undefined {
  for (let i = 0; i < count && wire.fault === undefined; i++) {
    const root = wire.bytes[wire.at] === 0;
    skipName(wire);
    const end = wire.fault === undefined ? endOfRecord(wire) : -1;
    if (end < 0) return;
    if (!root || !takeOpt(end)) wire.at = end;
  }
}

/** Where the record whose type is at `at` ends, or -1 and a fault. */
export function endOfRecord(record: Wire): number {
  const dataAt = record.at + 10;
  const end = dataAt + u16(record.bytes, record.at + 8);
  if (dataAt <= record.end && end <= record.end) return end;
  record.fault = 'cut';
  return -1;
}

function readBody(name: string, end: number): DnsRecord {
  const { bytes, at } = wire;
  const type = u16(bytes, at);
  wire.at = at + 10;
  let data = rdataText(wire, end, { type, class: u16(bytes, at + 2) & CLASS_MASK });
  if (data === undefined) {
    found.odd++;
    wire.at = at + 10;
    data = genericText(wire, end);
  }
  wire.at = end;
  spend(name.length + data.length);
  return { name, type: recordTypeName(type), ttlSeconds: ttlOf(bytes, at + 4), data };
}

/** RFC 2181 section 8: a number of 31 bits, 0 when the 32nd is set. */
function ttlOf(bytes: Uint8Array, at: number): number {
  const ttl = u32(bytes, at);
  return ttl > 0x7fffffff ? 0 : ttl;
}

/**
 * RFC 6891: OPT, always owned by the root, is no record but says something about the message in the places of class
 * and TTL. Only the first counts. False for other types.
 */
function takeOpt(end: number): boolean {
  const { bytes, at } = wire;
  if (u16(bytes, at) !== TYPE_OPT) return false;
  wire.at = end;
  if (found.edns !== undefined) {
    found.odd++;
    return true;
  }
  found.extendedCode = bytes[at + 4] ?? 0;
  found.edns = {
    version: bytes[at + 5] ?? 0,
    payloadSize: u16(bytes, at + 2),
    dnssecOk: ((bytes[at + 6] ?? 0) & 0x80) !== 0,
  };
  return true;
}
