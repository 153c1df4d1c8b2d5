import type { HeaderField, Side } from '../../model/conversation.ts';
import { latin1 } from './latin1.ts';
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

interface KnownField {
  readonly field: HeaderField;
  /** Its name is one of ALWAYS_READ. */
  readonly isTelling: boolean;
}
/** Header lines, behind the start line of either side. */
const knownLines = new LineMemory<KnownField>(2048, 2, { field: ['', ''], isTelling: false });
const FIRST_LINE: Readonly<Record<Side, number>> = {
  client: knownLines.beginning(0),
  server: knownLines.beginning(1),
};

const ALWAYS_READ = new Set(['content-length', 'transfer-encoding', 'host', 'upgrade', 'expect']);

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
  /** The known line before the next one, or what stands for it. */
  #after = 0;

  read(head: Draft, bytes: Uint8Array, choice: HeaderChoice): void {
    this.#bytes = bytes;
    this.#at = head.line.next;
    this.#end = head.end;
    this.#choice = choice;
    this.#after = FIRST_LINE[head.side];
    while (this.#at < this.#end && !this.#isOver(head)) this.#line(head);
    this.#bytes = NO_BYTES;
  }
  #isOver(head: Draft): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const lineFeed = bytes[at] === CR ? at + 1 : at;
    if (lineFeed >= this.#end || bytes[lineFeed] !== LF) return false;
    head.whole = true;
    head.end = lineFeed + 1;
    return true;
  }
  #line(head: Draft): void {
    const known = knownLines.find(this.#bytes, this.#at, this.#end, this.#after);
    const next = known === NO_LINE ? this.#end : this.#at + knownLines.lengthOf(known) + 1;
    // Behind a line that is new, such as a date, things go on as usual.
    this.#after = known === NO_LINE ? knownLines.followerOf(this.#after) : known;
    // Whether the line is folded shows behind it.
    if (next >= this.#end || isBlank(this.#bytes[next] as number)) {
      this.#readLine(head);
      return;
    }
    this.#at = next;
    const { field, isTelling } = knownLines.valueOf(known);
    if (isTelling) addField(head, field);
    this.#take(head, field);
  }
  #readLine(head: Draft): void {
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
    const lineFeed = textEnd(bytes, valueStart, end);
    if (lineFeed < 0) {
      this.#skipBadLine(head);
      return;
    }
    this.#at = lineFeed + 1;
    if (this.#at >= end) return;
    const name = headerName(bytes, start, colon);
    const wanted = this.#choice.names === undefined || this.#choice.names.has(name);
    const folded = isBlank(bytes[this.#at] as number);
    const isTelling = ALWAYS_READ.has(name);
    if (!wanted && !folded && !isTelling) return;
    const text = latin1(bytes, valueStart, trimmedEnd(bytes, valueStart, lineFeed));
    const whole = folded ? this.#unfold(head, text) : text;
    if (whole === undefined) return;
    const field: HeaderField = [name, whole];
    if (!folded) knownLines.remember(bytes, start, lineFeed, { field, isTelling });
    if (isTelling) addField(head, field);
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
      const more = latin1(bytes, start, trimmedEnd(bytes, start, lineFeed));
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

function addField(head: Draft, [name, text]: HeaderField): void {
  if (name === 'host') head.host ??= text;
  else if (name === 'upgrade') head.upgrade = text;
  else if (name === 'expect') head.expects = true;
  else if (name === 'transfer-encoding') head.transferEncoding = joined(head.transferEncoding, text);
  else if (name === 'content-length') head.contentLength = joined(head.contentLength, text);
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
