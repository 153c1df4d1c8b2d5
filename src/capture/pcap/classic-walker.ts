import { type BatchBuilder, MAX_PACKET_BYTES, type PacketRecord } from './batch-builder.ts';
import type { ByteWindow } from './byte-window.ts';
import { toMs } from './time-stamp.ts';
import type { ReportProblem, Walk, Walker } from './walker.ts';

export const CLASSIC_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** The "modified" format of some old kernels has interface and protocol behind the header. */
const MODIFIED_RECORD_HEADER_BYTES = 24;
const MAGIC = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d, modified: 0xa1b2cd34 } as const;
const MAGICS: readonly number[] = Object.values(MAGIC);
/** The upper bits of the link type tell about checksums behind the frame; the IP length leaves them out. */
const LINK_TYPE_MASK = 0xffff;

/** Whether a window begins with a classic pcap file, and in which byte order. */
export function classicOrder(view: DataView, at: number): 'little' | 'big' | undefined {
  if (MAGICS.includes(view.getUint32(at, true))) return 'little';
  return MAGICS.includes(view.getUint32(at, false)) ? 'big' : undefined;
}

/** Takes the file header at the start of the window, which must be there whole. */
export function createClassicWalker(window: ByteWindow, report: ReportProblem): Walker {
  const { view } = window;
  const little = classicOrder(view, window.at) === 'little';
  const magic = view.getUint32(window.at, little);
  const unitsPerSecond = magic === MAGIC.nano ? 1e9 : 1e6;
  const headerBytes = magic === MAGIC.modified ? MODIFIED_RECORD_HEADER_BYTES : RECORD_HEADER_BYTES;
  const linkType = view.getUint32(window.at + 20, little) & LINK_TYPE_MASK;
  window.at += CLASSIC_HEADER_BYTES;
  const record: PacketRecord = {
    timeMs: 0,
    start: 0,
    length: 0,
    originalLength: 0,
    linkType,
    interfaceId: 0,
    byteOffset: 0,
  };
  let wanted = 0;

  function walk(builder: BatchBuilder): Walk {
    const { end } = window;
    const base = window.offset() - window.at;
    let { at } = window;
    while (!builder.isFull()) {
      wanted = headerBytes;
      if (end - at < headerBytes) return 'more';
      const length = view.getUint32(at + 8, little);
      if (length > MAX_PACKET_BYTES) {
        const reason = `a packet claims ${length} bytes, more than ${MAX_PACKET_BYTES}: the file is damaged here`;
        report({ byteOffset: base + at, reason });
        return 'stop';
      }
      wanted = headerBytes + length;
      if (end - at < wanted) return 'more';
      record.timeMs = toMs(view.getUint32(at, little), view.getUint32(at + 4, little), unitsPerSecond);
      record.start = at + headerBytes;
      record.length = length;
      record.originalLength = view.getUint32(at + 12, little);
      record.byteOffset = base + at;
      builder.add(record);
      at += wanted;
      window.at = at;
    }
    return 'full';
  }

  return {
    get wanted() {
      return wanted;
    },
    walk,
  };
}
