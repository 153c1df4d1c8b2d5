import { MICROSECONDS, type TimeScale, unitsOf } from './time-stamp.ts';

const OPTION_END = 0;
const OPTION_NAME = 2;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
/** Longer than any name of an interface. */
const MAX_NAME_BYTES = 64;

/** An interface of a pcapng section, as its description block tells it. */
export interface CaptureInterface {
  readonly linkType: number;
  /** 0: packets were not cut. */
  readonly snapLength: number;
  readonly scale: TimeScale;
  /** As the host that captured calls it, when the file says so. */
  readonly name?: string;
}

/** The whole block lies in `[at, at + length)`, which is at least 20 bytes. */
export function readInterface(
  view: DataView,
  at: number,
  block: { length: number; little: boolean },
): CaptureInterface {
  const { length, little } = block;
  const end = at + length - 4;
  let scale = MICROSECONDS;
  let name: string | undefined;
  let option = at + 16;
  while (option + 4 <= end) {
    const code = view.getUint16(option, little);
    const size = view.getUint16(option + 2, little);
    const value = option + 4;
    if (code === OPTION_END || value + size > end) break;
    if (code === OPTION_NAME && size > 0 && size <= MAX_NAME_BYTES) name = textAt(view, value, size);
    if (code === OPTION_TIME_RESOLUTION && size >= 1) {
      scale = { ...scale, unitsPerSecond: unitsOf(view.getUint8(value)) };
    }
    if (code === OPTION_TIME_OFFSET && size >= 8) {
      scale = { ...scale, offsetSeconds: Number(view.getBigInt64(value, little)) };
    }
    option = value + Math.ceil(size / 4) * 4;
  }
  return {
    linkType: view.getUint16(at + 8, little),
    snapLength: view.getUint32(at + 12, little),
    scale,
    ...(name === undefined ? {} : { name }),
  };
}

function textAt({ buffer, byteOffset }: DataView, at: number, size: number): string {
  const text = new TextDecoder().decode(new Uint8Array(buffer, byteOffset + at, size));
  return text.replaceAll(/\p{Cc}/gu, '');
}
