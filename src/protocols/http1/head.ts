import type { HeaderField, Side } from '../../model/conversation.ts';
import { textOf } from './latin1.ts';
import { LineMemory, NO_LINE } from './line-memory.ts';
import { headerName, TOKEN } from './names.ts';
import type { StartLine } from './start-line.ts';

/** Which header fields are kept for the events. Those that framing needs are read in any case. */
export interface HeaderChoice {
  /** Lower-case names; all when absent. */
  readonly names?: ReadonlySet<string>;
  readonly maxHeaders: number;
}

/** A head of a request or a response. */
export interface Head {
  readonly line: StartLine;
  readonly side: Side;
  readonly fields: readonly HeaderField[];
  readonly host: string | undefined;
  readonly upgrade: string | undefined;
  /** An interim response is asked for. */
  readonly expects: boolean;
  readonly transferEncoding: string | undefined;
  /** Comma-joined when it was repeated. */
  readonly contentLength: string | undefined;
  /** Lines that were skipped because they are no header fields. */
  readonly badLines: number;
  /** Fields that were wanted but exceeded `maxHeaders`. */
  readonly droppedFields: number;
  /** Its end was seen. */
  readonly whole: boolean;
  /** Offset behind it, in the bytes that it was read from. */
  readonly end: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Draft extends Mutable<Omit<Head, 'fields'>> {
  readonly fields: HeaderField[];
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What a field says of its message: 0 for nothing that is needed to read on. */
type Meaning = 0 | typeof LENGTH | typeof CODING | typeof HOST | typeof UPGRADE | typeof EXPECT;
const LENGTH = 1;
const CODING = 2;
const HOST = 3;
const UPGRADE = 4;
const EXPECT = 5;
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['content-length', LENGTH],
  ['transfer-encoding', CODING],
  ['host', HOST],
  ['upgrade', UPGRADE],
  ['expect', EXPECT],
]);

interface KnownField {
  readonly field: HeaderField;
  readonly meaning: Meaning;
}
/** Header lines, behind the start line of either side. */
const knownLines = new LineMemory<KnownField>(2048, 2, { field: ['', ''], meaning: 0 });
const FIRST_LINE: Readonly<Record<Side, number>> = {
  client: knownLines.beginning(0),
  server: knownLines.beginning(1),
};

export interface HeadBytes {
  readonly side: Side;
  readonly line: StartLine;
  readonly bytes: Uint8Array;
  /** Behind the last byte that may belong to the head. */
  readonly end: number;
}

/**
 * Reads the header fields behind a start line, up to the empty line. A head without one is not whole, and its last line
 * is left out: it may go on.
 */
export function readHead({ side, line, bytes, end }: HeadBytes, choice: HeaderChoice): Head {
  // All of them at once: heads that differ in what they have would be objects of different shapes, and slow to read.
  const head: Draft = {
    line,
    side,
    fields: [],
    host: undefined,
    upgrade: undefined,
    expects: false,
    transferEncoding: undefined,
    contentLength: undefined,
    badLines: 0,
    droppedFields: 0,
    whole: false,
    end,
  };
  fields.read(head, bytes, choice);
  return head;
}

/** The state of reading one head; there is one for all, since reading is never interrupted. */
class FieldReader {
  #bytes = NO_BYTES;
  #at = 0;
  #end = 0;
  #choice: HeaderChoice = { maxHeaders: 0 };

  read(head: Draft, bytes: Uint8Array, choice: HeaderChoice): void {
    const { end } = head;
    this.#bytes = bytes;
    this.#end = end;
    this.#choice = choice;
    let after = FIRST_LINE[head.side];
    for (let at = head.line.next; at < end && !isOver(head, bytes, at); ) {
      const known = knownLines.find(at, end, after);
      const next = known === NO_LINE ? end : at + knownLines.lengthOf(known) + 1;
      // Behind a line that is new, such as a date, things go on as usual.
      after = known === NO_LINE ? knownLines.followerOf(after) : known;
      // Whether the line is folded shows behind it.
      if (next < end && !isBlank(bytes[next] as number)) {
        this.#takeKnown(head, knownLines.valueOf(known));
        at = next;
      } else {
        this.#at = at;
        this.#readLine(head, known === NO_LINE ? knownLines.textEnd : at);
        at = this.#at;
      }
    }
    this.#bytes = NO_BYTES;
  }
  #takeKnown(head: Draft, { field, meaning }: KnownField): void {
    if (meaning !== 0) addField(head, meaning, field[1]);
    this.#take(head, field);
  }
  /** `textFrom`: up to there the line is known to hold neither its end nor a control character, save tabs. */
  #readLine(head: Draft, textFrom: number): void {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let colon = start;
    while (colon < end && TOKEN[bytes[colon] as number] !== 0) colon++;
    if (colon === start || colon >= end || bytes[colon] !== COLON) {
      this.#skipBadLine(head);
      return;
    }
    const valueStart = afterBlanks(bytes, colon + 1, end);
    const lineFeed = textEnd(bytes, Math.max(valueStart, textFrom), end);
    if (lineFeed < 0) {
      this.#skipBadLine(head);
      return;
    }
    this.#at = lineFeed + 1;
    if (this.#at >= end) return;
    const name = headerName(bytes, start, colon);
    const wanted = this.#choice.names === undefined || this.#choice.names.has(name);
    const folded = isBlank(bytes[this.#at] as number);
    const meaning = MEANINGS.get(name) ?? 0;
    if (!wanted && !folded && meaning === 0) return;
    const text = textOf(bytes, valueStart, trimmedEnd(bytes, valueStart, lineFeed));
    const whole = folded ? this.#unfold(head, text) : text;
    if (whole === undefined) return;
    const field: HeaderField = [name, whole];
    if (!folded && knownLines.cameBefore()) knownLines.remember(start, lineFeed, { field, meaning });
    if (meaning !== 0) addField(head, meaning, whole);
    this.#take(head, field);
  }
  /** Continuation lines (obs-fold, RFC 9112, 5.2): each counts as one space. */
  #unfold(head: Draft, first: string): string | undefined {
    const bytes = this.#bytes;
    let text = first;
    while (isBlank(bytes[this.#at] as number)) {
      const start = afterBlanks(bytes, this.#at, this.#end);
      const lineFeed = textEnd(bytes, start, this.#end);
      if (lineFeed < 0) {
        this.#skipBadLine(head);
        return undefined;
      }
      this.#at = lineFeed + 1;
      if (this.#at >= this.#end) return undefined;
      const more = textOf(bytes, start, trimmedEnd(bytes, start, lineFeed));
      if (more !== '') text = text === '' ? more : `${text} ${more}`;
    }
    return text;
  }
  #skipBadLine(head: Draft): void {
    const bytes = this.#bytes;
    let i = this.#at;
    while (i < this.#end && bytes[i] !== LF) i++;
    if (i < this.#end) head.badLines++;
    this.#at = i + 1;
  }
  #take(head: Draft, field: HeaderField): void {
    const { names, maxHeaders } = this.#choice;
    if (names !== undefined && !names.has(field[0])) return;
    if (head.fields.length < maxHeaders) head.fields.push(field);
    else head.droppedFields++;
  }
}

const fields = new FieldReader();

/** Whether the empty line stands at `at`, where a line begins. */
function isOver(head: Draft, bytes: Uint8Array, at: number): boolean {
  const lineFeed = bytes[at] === CR ? at + 1 : at;
  if (lineFeed >= head.end || bytes[lineFeed] !== LF) return false;
  head.whole = true;
  head.end = lineFeed + 1;
  return true;
}

/** Offset of the line feed, `end` when there is none, -1 when a control character is in the way. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  for (;;) {
    while (i < end && (bytes[i] as number) >= SPACE) i++;
    if (i >= end) return end;
    const code = bytes[i];
    if (code === LF) return i;
    if (code !== TAB && !(code === CR && (i + 1 >= end || bytes[i + 1] === LF))) return -1;
    i++;
  }
}

function afterBlanks(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && isBlank(bytes[i] as number)) i++;
  return i;
}

function trimmedEnd(bytes: Uint8Array, start: number, lineFeed: number): number {
  let end = lineFeed;
  if (end > start && bytes[end - 1] === CR) end--;
  while (end > start && isBlank(bytes[end - 1] as number)) end--;
  return end;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function addField(head: Draft, meaning: Meaning, text: string): void {
  if (meaning === HOST) head.host ??= text;
  else if (meaning === LENGTH) head.contentLength = joined(head.contentLength, text);
  else if (meaning === CODING) head.transferEncoding = joined(head.transferEncoding, text);
  else if (meaning === UPGRADE) head.upgrade = text;
  else head.expects = true;
}

function joined(before: string | undefined, text: string): string {
  return before === undefined ? text : `${before},${text}`;
}

/** Start of the first whole line that is no header field; -1 when there is none before the head or the bytes end. */
export function firstBadLine(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    let lineFeed = at;
    while (lineFeed < end && bytes[lineFeed] !== LF) lineFeed++;
    if (lineFeed === end) return -1;
    if (lineFeed === at || (lineFeed === at + 1 && bytes[at] === CR)) return -1;
    let i = at;
    while (TOKEN[bytes[i] as number] !== 0) i++;
    const isField = i > at && bytes[i] === COLON;
    const isFold = at > start && isBlank(bytes[at] as number);
    if (!(isField || isFold) || textEnd(bytes, i, lineFeed + 1) !== lineFeed) return at;
    at = lineFeed + 1;
  }
  return -1;
}
