import { areNear, FRAME_HEADER_BYTES, type FrameHeader, isPlausibleFrame, PREFACE } from './frames.ts';

/** Frame headers in a row, the last with all of its nine bytes there. */
const CHAIN = 2;

/**
 * Whether `bytes`, from the middle of a connection, begin with HTTP/2: with the preface of a client, or with a frame and
 * the header of the next one. False also when there is too little to be sure.
 */
export function looksLikeHttp2(bytes: Uint8Array): boolean {
  if (startsWithPreface(bytes)) return true;
  const frame: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 };
  let at = 0;
  let streamId = 0;
  for (let seen = 0; seen < CHAIN; seen++) {
    if (at + FRAME_HEADER_BYTES > bytes.length || !isPlausibleFrame(bytes, at, frame)) return false;
    if (!areNear(streamId, frame.streamId)) return false;
    streamId ||= frame.streamId;
    at += FRAME_HEADER_BYTES + frame.length;
  }
  return true;
}

function startsWithPreface(bytes: Uint8Array): boolean {
  return bytes.length >= PREFACE.length && PREFACE.every((byte, i) => bytes[i] === byte);
}
