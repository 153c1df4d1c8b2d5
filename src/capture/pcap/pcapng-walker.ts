import { type BatchBuilder, MAX_PACKET_BYTES, type PacketRecord } from './batch-builder.ts';
import type { ByteWindow } from './byte-window.ts';
import { type CaptureInterface, readInterface } from './interfaces.ts';
import { stampToMs } from './time-stamp.ts';
import type { ReportProblem, Walk, Walker } from './walker.ts';

/** The same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;
const BLOCK = { interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const MIN_BLOCK_BYTES = 12;
const SECTION_BYTES = 28;
const INTERFACE_BYTES = 20;
const PACKET_BYTES = 32;
const SIMPLE_PACKET_BYTES = 16;
/** Of blocks that are read; others are left out at any length. Leaves a megabyte for options. */
const MAX_BLOCK_BYTES = MAX_PACKET_BYTES + (1 << 20);
const MAX_INTERFACES = 65_536;

/** A problem that ends the reading. */
class Damage extends Error {}

/** Reads pcapng: any number of sections, each with its interfaces and byte order. Blocks of other kinds are left out. */
export function createPcapngWalker(window: ByteWindow, report: ReportProblem): Walker {
  const { view } = window;
  const record: PacketRecord = {
    timeMs: 0,
    start: 0,
    length: 0,
    originalLength: 0,
    linkType: 0,
    interfaceId: 0,
    byteOffset: 0,
  };
  let little = true;
  let wanted = 0;
  let interfaces: CaptureInterface[] = [];

  function walk(builder: BatchBuilder): Walk {
    const base = window.offset() - window.at;
    try {
      return blocks(base, builder);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      report({ byteOffset: base + window.at, reason: error.message });
      return 'stop';
    }
  }

  function blocks(base: number, builder: BatchBuilder): Walk {
    const { end } = window;
    while (!builder.isFull()) {
      const { at } = window;
      wanted = MIN_BLOCK_BYTES;
      if (at + wanted > end) return 'more';
      wanted = blockLength(at);
      if (!isRead(view.getUint32(at, little))) return 'skip';
      if (wanted > MAX_BLOCK_BYTES)
        throw new Damage(`a block claims ${wanted} bytes: the file is damaged here`);
      if (at + wanted > end) return 'more';
      record.byteOffset = base + at;
      block(at, builder);
      window.at = at + wanted;
    }
    return 'full';
  }

  /** Also switches to the byte order of a section that begins here. */
  function blockLength(at: number): number {
    if (view.getUint32(at, true) === SECTION_HEADER) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      const isKnown = little || view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC;
      if (!isKnown) throw new Damage('a section header without byte order: the file is damaged here');
    }
    const length = view.getUint32(at + 4, little);
    if (length >= MIN_BLOCK_BYTES && length % 4 === 0) return length;
    throw new Damage(`a block claims ${length} bytes, which is impossible: the file is damaged here`);
  }

  function block(at: number, builder: BatchBuilder): void {
    const type = view.getUint32(at, little);
    const minimum = minimumOf(type);
    if (wanted < minimum || view.getUint32(at + wanted - 4, little) !== wanted) {
      throw new Damage('the two lengths of a block differ, or it is too short: the file is damaged here');
    }
    if (type === SECTION_HEADER) interfaces = [];
    else if (type === BLOCK.interface) addInterface(at);
    else if (type === BLOCK.simplePacket) simplePacket(at, builder);
    else packet(at, builder);
  }

  function addInterface(at: number): void {
    if (interfaces.length === MAX_INTERFACES) throw new Damage(`more than ${MAX_INTERFACES} interfaces`);
    interfaces.push(readInterface(view, at, { length: wanted, little }));
  }

  function packet(at: number, builder: BatchBuilder): void {
    const isEnhanced = view.getUint32(at, little) === BLOCK.enhancedPacket;
    const id = isEnhanced ? view.getUint32(at + 8, little) : view.getUint16(at + 8, little);
    const from = interfaces[id];
    const length = view.getUint32(at + 20, little);
    if (from === undefined || length > wanted - PACKET_BYTES || length > MAX_PACKET_BYTES) {
      const what =
        from === undefined
          ? `of an interface (${id}) that was not described`
          : `of impossible length (${length})`;
      report({ byteOffset: record.byteOffset, reason: `a packet ${what} was left out` });
      return;
    }
    record.timeMs = stampToMs(view.getUint32(at + 12, little), view.getUint32(at + 16, little), from.scale);
    record.start = at + 28;
    record.length = length;
    record.originalLength = view.getUint32(at + 24, little);
    record.linkType = from.linkType;
    record.interfaceId = id;
    builder.add(record);
  }

  /** Has no time of its own: that of the packet before it is kept. */
  function simplePacket(at: number, builder: BatchBuilder): void {
    const from = interfaces[0];
    if (from === undefined) {
      report({
        byteOffset: record.byteOffset,
        reason: 'a packet before any interface was described was left out',
      });
      return;
    }
    const original = view.getUint32(at + 8, little);
    record.start = at + 12;
    record.length = Math.min(
      original,
      wanted - SIMPLE_PACKET_BYTES,
      from.snapLength || original,
      MAX_PACKET_BYTES,
    );
    record.originalLength = original;
    record.linkType = from.linkType;
    record.interfaceId = 0;
    builder.add(record);
  }

  return {
    get wanted() {
      return wanted;
    },
    walk,
    interfaceName: (id) => interfaces[id]?.name,
  };
}

function isRead(type: number): boolean {
  return (
    type === BLOCK.enhancedPacket ||
    type === SECTION_HEADER ||
    (type >= BLOCK.interface && type <= BLOCK.simplePacket)
  );
}

function minimumOf(type: number): number {
  if (type === SECTION_HEADER) return SECTION_BYTES;
  if (type === BLOCK.interface) return INTERFACE_BYTES;
  return type === BLOCK.simplePacket ? SIMPLE_PACKET_BYTES : PACKET_BYTES;
}
