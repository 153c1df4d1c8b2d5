import { proxyHeaderSize } from './proxy-header.ts';
import { SNIFF_BYTES, withoutEmptyLines } from './sniff.ts';

/** The first bytes of one side, in pieces, behind the PROXY header that a client's may begin with. */
export interface StreamHead {
  /** At most SNIFF_BYTES; while `header` is undefined, what there is of one. */
  readonly bytes: Uint8Array;
  /** Size of the PROXY header, 0: there is none, undefined: not known yet. */
  readonly header: number | undefined;
  /** Bytes of it that are still to come. */
  readonly headerLeft: number;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
export const CLIENT_START: StreamHead = { bytes: NO_BYTES, header: undefined, headerLeft: 0 };
export const SERVER_START: StreamHead = { bytes: NO_BYTES, header: 0, headerLeft: 0 };

/** What may be sniffed of it. */
export function sniffable({ bytes, header }: StreamHead): Uint8Array {
  return header === undefined ? NO_BYTES : bytes;
}

/** The head with the next bytes of its side. */
export function extendHead(head: StreamHead, bytes: Uint8Array): StreamHead {
  const behind = bytes.subarray(head.headerLeft);
  const headerLeft = head.headerLeft - (bytes.length - behind.length);
  if (head.header !== undefined)
    return { bytes: joinSaid(head.bytes, behind), header: head.header, headerLeft };
  const joined = join(head.bytes, behind);
  const header = proxyHeaderSize(joined);
  if (header === undefined) return { bytes: joined, header, headerLeft };
  if (header === 0) return { bytes: joinSaid(withoutEmptyLines(head.bytes), behind), header, headerLeft };
  const end = header - head.bytes.length;
  return {
    bytes: joinSaid(NO_BYTES, bytes.subarray(end)),
    header,
    headerLeft: Math.max(0, end - bytes.length),
  };
}

/** Empty lines in front say nothing, however many there are. */
function joinSaid(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  return join(head, head.length === 0 ? withoutEmptyLines(bytes) : bytes);
}

function join(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (head.length >= SNIFF_BYTES) return head;
  const joined = new Uint8Array(Math.min(SNIFF_BYTES, head.length + bytes.length));
  joined.set(head);
  joined.set(bytes.subarray(0, joined.length - head.length), head.length);
  return joined;
}
