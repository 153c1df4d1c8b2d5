/** A reader of the .BTF section of a little-endian ELF64 file (Documentation/bpf/btf.rst): structs and enums only. */

export interface BtfType {
  readonly kind: 'struct' | 'enum';
  readonly name: string;
  readonly size: number;
  readonly members: readonly { name: string; offset: number }[];
  readonly values: readonly { name: string; value: number }[];
}

const KIND_STRUCT = 4;
const KIND_ENUM = 6;
/** Bytes that follow the common 12-byte head, by kind: fixed part and part per element (vlen). */
const TAIL: Record<number, readonly [number, number]> = {
  1: [4, 0], // int
  2: [0, 0], // pointer
  3: [12, 0], // array
  4: [0, 12], // struct
  5: [0, 12], // union
  6: [0, 8], // enum
  7: [0, 0], // forward
  8: [0, 0], // typedef
  9: [0, 0], // volatile
  10: [0, 0], // const
  11: [0, 0], // restrict
  12: [0, 0], // function
  13: [0, 8], // function prototype
  14: [4, 0], // variable
  15: [0, 12], // data section
  16: [0, 0], // float
  17: [4, 0], // declaration tag
  18: [0, 0], // type tag
  19: [0, 12], // enum64
};

function section(elf: Buffer, wanted: string): Buffer {
  const table = Number(elf.readBigUInt64LE(40));
  const [entrySize, count, namesIndex] = [elf.readUInt16LE(58), elf.readUInt16LE(60), elf.readUInt16LE(62)];
  const body = (index: number): Buffer => {
    const at = table + index * entrySize;
    const start = Number(elf.readBigUInt64LE(at + 24));
    return elf.subarray(start, start + Number(elf.readBigUInt64LE(at + 32)));
  };
  const names = body(namesIndex);
  for (let index = 0; index < count; index++) {
    if (text(names, elf.readUInt32LE(table + index * entrySize)) === wanted) return body(index);
  }
  throw new Error(`no ${wanted} section`);
}

function text(strings: Buffer, at: number): string {
  return strings.toString('latin1', at, strings.indexOf(0, at));
}

/** All named structs and enums of the object file, in file order. */
export function readBtf(elf: Buffer): BtfType[] {
  const btf = section(elf, '.BTF');
  const head = btf.readUInt32LE(4);
  const typesStart = head + btf.readUInt32LE(8);
  const typesEnd = typesStart + btf.readUInt32LE(12);
  const strings = btf.subarray(head + btf.readUInt32LE(16));
  const found: BtfType[] = [];
  let at = typesStart;
  while (at < typesEnd) {
    const info = btf.readUInt32LE(at + 4);
    const [kind, count] = [(info >>> 24) & 31, info & 0xffff];
    const base = { name: text(strings, btf.readUInt32LE(at)), size: btf.readUInt32LE(at + 8) };
    const tail = TAIL[kind];
    if (tail === undefined) throw new Error(`unknown BTF kind ${kind}`);
    if (kind === KIND_STRUCT)
      found.push({ kind: 'struct', ...base, members: members(btf, strings, at, count), values: [] });
    if (kind === KIND_ENUM)
      found.push({ kind: 'enum', ...base, members: [], values: values(btf, strings, at, count) });
    at += 12 + tail[0] + tail[1] * count;
  }
  return found;
}

function members(
  btf: Buffer,
  strings: Buffer,
  type: number,
  count: number,
): { name: string; offset: number }[] {
  return Array.from({ length: count }, (_, index) => {
    const at = type + 12 + index * 12;
    return { name: text(strings, btf.readUInt32LE(at)), offset: btf.readUInt32LE(at + 8) / 8 };
  });
}

function values(
  btf: Buffer,
  strings: Buffer,
  type: number,
  count: number,
): { name: string; value: number }[] {
  return Array.from({ length: count }, (_, index) => {
    const at = type + 12 + index * 8;
    return { name: text(strings, btf.readUInt32LE(at)), value: btf.readInt32LE(at + 4) };
  });
}
