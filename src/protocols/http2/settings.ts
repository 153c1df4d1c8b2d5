/** The settings that reading a connection depends on (RFC 9113, 6.5.2). */
export interface Settings {
  readonly headerTableSize?: number;
  readonly maxFrameSize?: number;
}

export const SETTING_BYTES = 6;
const HEADER_TABLE_SIZE = 1;
const MAX_FRAME_SIZE = 5;

/** Reads the payload of a SETTINGS frame; of a setting that is repeated the last counts. */
export function readSettings(bytes: Uint8Array, length: number): Settings {
  const settings: { headerTableSize?: number; maxFrameSize?: number } = {};
  const byte = (i: number): number => bytes[i] ?? 0;
  for (let at = 0; at + SETTING_BYTES <= length; at += SETTING_BYTES) {
    const id = byte(at) * 256 + byte(at + 1);
    const value = ((byte(at + 2) << 24) | (byte(at + 3) << 16) | (byte(at + 4) << 8) | byte(at + 5)) >>> 0;
    if (id === HEADER_TABLE_SIZE) settings.headerTableSize = value;
    else if (id === MAX_FRAME_SIZE) settings.maxFrameSize = value;
  }
  return settings;
}
