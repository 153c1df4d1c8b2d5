/**
 * Some packets of a capture as columns, `count` entries each; all packets lie in `bytes`. The reader uses the memory
 * again: a batch is good until the next one is asked for.
 */
export interface PacketBatch {
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Epoch milliseconds; the fraction is good to a quarter of a microsecond (a double holds no more). */
  readonly timeMs: Float64Array;
  readonly start: Uint32Array;
  /** Captured bytes. */
  readonly length: Uint32Array;
  /** Bytes on the wire. */
  readonly originalLength: Uint32Array;
  readonly linkType: Uint16Array;
  /** Number of the interface in its section; 0 in classic pcap. */
  readonly interfaceId: Uint32Array;
  /** Where the packet's record begins in the (uncompressed) file. */
  readonly byteOffset: Float64Array;
}
