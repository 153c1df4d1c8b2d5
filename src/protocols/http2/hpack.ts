import type { HeaderField } from '../../model/conversation.ts';
import { latin1 } from '../http1/latin1.ts';
import { STATIC_TABLE } from './hpack-static.ts';
import { createHpackTable, ENTRY_OVERHEAD, type HpackTable } from './hpack-table.ts';
import { huffmanDecode } from './huffman.ts';

export type HpackError = 'integer' | 'index' | 'string' | 'huffman' | 'table size';

/** A decoded header block. */
export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** Fields left out because they refer to what was inserted before this observer came. */
  readonly unknown: number;
  /** Fields were left out because the list exceeds its bound. */
  readonly cut: boolean;
  /** The block breaks the rules here; what is before is as the sender meant it. The table is lost. */
  readonly error?: HpackError;
}

/** Decodes the header blocks of one direction. Memory is bounded; nothing that was not sent is ever reported. */
export interface HpackDecoder {
  decode(bytes: Uint8Array, start: number, end: number): HeaderBlock;
  /** The connection begins: no block was sent before. */
  begin(): void;
  /** One or more blocks were missed. */
  lose(): void;
  /** Largest table that the other side allows at the moment. */
  maxTableSize: number;
}

export interface HpackOptions {
  /** Bound of a header list as RFC 9113 counts it (6.5.2); default 64 KiB. */
  readonly maxListBytes?: number;
}

const STATIC_COUNT = STATIC_TABLE.length;
/** Continuation bytes of an integer; with the prefix that is 28 bits and more than any length needs. */
const MAX_INTEGER_SHIFT = 28;
const BAD = -1;

export function createHpackDecoder(options: HpackOptions = {}): HpackDecoder {
  return new Decoder(options.maxListBytes ?? 65_536);
}

/** Output of the Huffman code; one for all, used up before the next string is read. */
let scratch = new Uint8Array(4096);

class Decoder implements HpackDecoder {
  maxTableSize = Number.POSITIVE_INFINITY;
  readonly #maxListBytes: number;
  readonly #table: HpackTable = createHpackTable();
  #bytes: Uint8Array = scratch;
  #at = 0;
  #end = 0;
  #fields: HeaderField[] = [];
  #listBytes = 0;
  #unknown = 0;
  #cut = false;
  #error: HpackError | undefined;

  constructor(maxListBytes: number) {
    this.#maxListBytes = maxListBytes;
  }
  begin(): void {
    this.#table.begin();
  }
  lose(): void {
    this.#table.lose();
  }
  decode(bytes: Uint8Array, start: number, end: number): HeaderBlock {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#fields = [];
    this.#listBytes = 0;
    this.#unknown = 0;
    this.#cut = false;
    this.#error = undefined;
    while (this.#at < end && this.#error === undefined) this.#instruction();
    this.#bytes = scratch;
    const block = { fields: this.#fields, unknown: this.#unknown, cut: this.#cut };
    if (this.#error === undefined) return block;
    this.#table.lose();
    return { ...block, error: this.#error };
  }

  #instruction(): void {
    const first = this.#bytes[this.#at] as number;
    if (first >= 0x80) this.#indexed(this.#integer(7));
    else if (first >= 0x40) this.#literal(this.#integer(6), true);
    else if (first >= 0x20) this.#resize(this.#integer(5));
    else this.#literal(this.#integer(4), false);
  }
  #indexed(index: number): void {
    if (index === BAD) return;
    const field = this.#lookUp(index);
    if (field !== undefined) this.#emit(field);
    else if (this.#error === undefined) this.#unknown++;
  }
  /** Undefined when the field is not known, or with `#error` set when there is none. */
  #lookUp(index: number): HeaderField | undefined {
    if (index > STATIC_COUNT) {
      const entry = this.#table.at(index - STATIC_COUNT - 1);
      if (entry === undefined && this.#table.complete) this.#error = 'index';
      return entry?.field;
    }
    if (index === 0) this.#error = 'index';
    return STATIC_TABLE[index - 1];
  }
  #literal(index: number, insert: boolean): void {
    if (index === BAD) return;
    const name = index === 0 ? this.#string() : this.#lookUp(index)?.[0];
    if (this.#error !== undefined) return;
    const value = this.#string();
    if (value === undefined) return;
    const field: HeaderField | undefined = name === undefined ? undefined : [name, value];
    if (insert) this.#table.insert(field, (name?.length ?? 0) + value.length + ENTRY_OVERHEAD);
    if (field === undefined) this.#unknown++;
    else this.#emit(field);
  }
  #emit(field: HeaderField): void {
    this.#listBytes += field[0].length + field[1].length + ENTRY_OVERHEAD;
    if (this.#listBytes > this.#maxListBytes) this.#cut = true;
    else this.#fields.push(field);
  }
  /** Only before the first field (RFC 7541, 4.2). */
  #resize(capacity: number): void {
    if (capacity === BAD) return;
    const isFirst = this.#fields.length === 0 && this.#unknown === 0 && !this.#cut;
    if (!isFirst || capacity > this.maxTableSize) this.#error = 'table size';
    else this.#table.resize(capacity);
  }
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (this.#bytes[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < MAX_INTEGER_SHIFT && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.#error = 'integer';
    return BAD;
  }
  #string(): string | undefined {
    if (this.#at >= this.#end) {
      this.#error = 'string';
      return undefined;
    }
    const isHuffman = (this.#bytes[this.#at] as number) >= 0x80;
    const length = this.#integer(7);
    if (length === BAD) return undefined;
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end) {
      this.#error = 'string';
      return undefined;
    }
    return isHuffman ? this.#huffman(start, this.#at) : latin1(this.#bytes, start, this.#at);
  }
  #huffman(start: number, end: number): string | undefined {
    const room = (end - start) * 2;
    if (room > scratch.length) scratch = new Uint8Array(room);
    const length = huffmanDecode(this.#bytes, start, end, scratch);
    if (length >= 0) return latin1(scratch, 0, length);
    this.#error = 'huffman';
    return undefined;
  }
}
