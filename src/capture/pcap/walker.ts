import type { BatchBuilder } from './batch-builder.ts';

/** Where a capture is damaged, cut or could not be read on, and why. */
export interface CaptureProblem {
  /** Position in the (decompressed) file. */
  readonly byteOffset: number;
  readonly reason: string;
}

/**
 * What a walker wants next: room in the batch, `wanted` bytes in the window, `wanted` bytes left out, or nothing
 * because the file cannot be read on.
 */
export type Walk = 'full' | 'more' | 'skip' | 'stop';

/** Reads the records of one format out of its window into the batch. */
export interface Walker {
  readonly wanted: number;
  walk(builder: BatchBuilder): Walk;
  /** Name of an interface by its number, as far as the file tells. */
  interfaceName?(id: number): string | undefined;
}

export type ReportProblem = (problem: CaptureProblem) => void;
