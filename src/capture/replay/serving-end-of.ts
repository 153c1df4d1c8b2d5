import type { ServiceProtocol } from '../../model/service-protocol.ts';
import type { PacketView } from '../../net/packet/packet-view.ts';
import {
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  isPlausibleFrame,
} from '../../protocols/http2/frames.ts';
import { createHpackDecoder } from '../../protocols/http2/hpack.ts';
import { type PayloadProtocol, payloadProtocol } from '../../protocols/payload-protocol.ts';
import { sniffService } from '../../protocols/service-sniff.ts';
import { type ServingEnd, servingEnd } from '../../protocols/serving-end.ts';

/** Either end begins with these, or any text may. */
const TELLS_NOTHING: ReadonlySet<ServiceProtocol> = new Set(['ssh', 'smb', 'bittorrent', 'memcached']);
const DNS_PORTS: ReadonlySet<number> = new Set([53, 5353]);

/**
 * The end of a TCP packet that serves, by its payload from anywhere in a connection; `either` where both ends begin alike,
 * undefined when the payload does not tell, as most.
 */
export function servingEndOf(view: PacketView): ServingEnd | 'either' | undefined {
  const bytes = view.bytes.subarray(view.at, view.end);
  const protocol = payloadProtocol('tcp', bytes);
  if (protocol !== undefined && isBelievable(protocol, view)) {
    const end = servingEnd(protocol, 'tcp', bytes);
    if (end !== undefined) return end;
  }
  return endOfService(bytes) ?? endOfFrames(bytes);
}

/** Only at its ports DNS is read from streams. */
function isBelievable(protocol: PayloadProtocol, { srcPort, dstPort }: PacketView): boolean {
  return protocol !== 'dns' || DNS_PORTS.has(srcPort) || DNS_PORTS.has(dstPort);
}

function endOfService(bytes: Uint8Array): ServingEnd | 'either' | undefined {
  const asked = sniffService('client', bytes);
  if (asked !== undefined) return TELLS_NOTHING.has(asked) ? 'either' : 'target';
  return sniffService('server', bytes) === undefined ? undefined : 'source';
}

/** Of HTTP/2 frames: by the first pseudo-header field, which is one of requests or that of responses. */
function endOfFrames(bytes: Uint8Array): ServingEnd | undefined {
  const frame: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 };
  for (let at = 0; at + FRAME_HEADER_BYTES < bytes.length && isPlausibleFrame(bytes, at, frame); ) {
    const begin = at + FRAME_HEADER_BYTES;
    at = begin + frame.length;
    const name = frame.type === FRAME.headers ? firstName(bytes, begin, frame) : '';
    if (name.startsWith(':')) return name === ':status' ? 'source' : 'target';
  }
  return undefined;
}

/** Of the first field that is known; pseudo-header fields stand before all others (RFC 9113, 8.3). */
function firstName(bytes: Uint8Array, begin: number, { flags, length }: FrameHeader): string {
  const isPadded = (flags & FLAG.padded) !== 0;
  const start = begin + (isPadded ? 1 : 0) + ((flags & FLAG.priority) === 0 ? 0 : 5);
  const end = Math.min(begin + length - (isPadded ? (bytes[begin] ?? 0) : 0), bytes.length);
  return start < end ? (createHpackDecoder().decode(bytes, start, end).fields[0]?.[0] ?? '') : '';
}
