import type { HeaderField } from '../../../src/model/conversation.ts';
import { STATIC_TABLE } from '../../../src/protocols/http2/hpack-static.ts';
import { huffmanCodes } from '../../../src/protocols/http2/huffman-code.ts';

/** An HPACK encoder that takes every form the RFC allows, by chance. The truth to hold decoders against. */
export interface HpackEncoder {
  encode(fields: readonly HeaderField[]): Uint8Array;
  /** Takes effect, and is told, with the next block. */
  resize(capacity: number): void;
}

const CODES = new Map(huffmanCodes().map(({ symbol, code, bits }) => [symbol, { code, bits }]));

export function integer(value: number, prefixBits: number, flags: number): number[] {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return [flags | value];
  const bytes = [flags | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

export function huffman(text: string): number[] {
  let bits = '';
  for (const char of Buffer.from(text, 'latin1')) {
    const { code, bits: length } = CODES.get(char) ?? { code: 0, bits: 0 };
    bits += code.toString(2).padStart(length, '0');
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Array.from({ length: bits.length / 8 }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2));
}

export function literalString(text: string, isHuffman: boolean): number[] {
  const bytes = isHuffman ? huffman(text) : [...Buffer.from(text, 'latin1')];
  return [...integer(bytes.length, 7, isHuffman ? 0x80 : 0), ...bytes];
}

export function createHpackEncoder(roll: (n: number) => number): HpackEncoder {
  let table: HeaderField[] = [];
  let capacity = 4096;
  let updates: number[] = [];
  const sizeOf = ([name, value]: HeaderField): number => name.length + value.length + 32;

  function evict(room: number): void {
    let size = table.reduce((sum, field) => sum + sizeOf(field), 0);
    while (size > room && table.length > 0) size -= sizeOf(table.pop() as HeaderField);
  }
  function insert(field: HeaderField): void {
    evict(capacity - sizeOf(field));
    if (sizeOf(field) <= capacity) table = [field, ...table];
  }
  function find(matches: (field: HeaderField) => boolean): number {
    const all = [...STATIC_TABLE, ...table];
    const at = all.flatMap((field, i) => (matches(field) ? [i + 1] : []));
    return at[roll(at.length)] ?? 0;
  }
  function encodeField(field: HeaderField): number[] {
    const [name, value] = field;
    const whole = find(([n, v]) => n === name && v === value);
    if (whole > 0 && roll(5) > 0) return integer(whole, 7, 0x80);
    const index = roll(6) === 0 ? 0 : find(([n]) => n === name);
    const form = roll(4);
    const literalName = index === 0 ? literalString(name, roll(2) === 0) : [];
    const rest = [...literalName, ...literalString(value, roll(2) === 0)];
    if (form === 0) return [...integer(index, 4, 0), ...rest];
    if (form === 1) return [...integer(index, 4, 0x10), ...rest];
    const bytes = [...integer(index, 6, 0x40), ...rest];
    insert(field);
    return bytes;
  }
  return {
    encode: (fields) => {
      const told = updates.flatMap((size) => integer(size, 5, 0x20));
      updates = [];
      return Uint8Array.from([...told, ...fields.flatMap(encodeField)]);
    },
    resize: (size) => {
      capacity = size;
      evict(size);
      updates.push(size);
    },
  };
}
