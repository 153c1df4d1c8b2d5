import type { RangeColumns } from '../../../net/range-table.ts';
import { type FirstLevel, firstLevel } from '../../../net/sorted-ranges.ts';
import {
  AT_LISTED_PART_BUCKET,
  AT_LISTED_PART_BUCKETS,
  AT_LISTED_PART_COUNT,
  AT_LISTED_PART_LEAST,
  AT_LISTED_PART_ROW,
  AT_LISTED_PART_SHARED,
  AT_LISTED_PART_SHIFT,
  AT_LISTED_PART_WORD,
} from '../../layout.gen.ts';

/** Rows written between two moments when other work may pass. */
const STEP = 16_384;

/** A map of the kernel in shared memory, as words. */
export type Words = Uint32Array;

/** Where a version of a table lies; units are rows, buckets, and words of the map of tables. */
export interface Region {
  readonly row: number;
  readonly rows: number;
  readonly bucket: number;
  readonly buckets: number;
  /** Of its `tg_listed_part`. */
  readonly part: number;
}

export interface ListMemory {
  readonly tables: Words;
  /** Of the family at hand. */
  readonly ranges: Words;
  readonly buckets: Words;
}

/** Writes a version that is not in use: `columns` lie apart and fit. */
export function* writeRegion(
  { tables, ranges, buckets }: ListMemory,
  region: Region,
  { first, last, length }: RangeColumns,
): Generator<void> {
  const width = first.length;
  for (let row = 0; row < length; row++) {
    const at = (region.row + row) * 2 * width;
    for (let word = 0; word < width; word++) {
      ranges[at + word] = first[word]?.[row] ?? 0;
      ranges[at + width + word] = last[word]?.[row] ?? 0;
    }
    if (row % STEP === STEP - 1) yield;
  }
  const index = firstLevel(first, length, region.buckets);
  const used = writeBuckets(buckets, region.bucket, index);
  yield;
  const set = (offset: number, value: number): void => {
    tables[region.part + (offset >>> 2)] = value;
  };
  set(AT_LISTED_PART_ROW, region.row);
  set(AT_LISTED_PART_COUNT, length);
  set(AT_LISTED_PART_BUCKET, region.bucket);
  set(AT_LISTED_PART_BUCKETS, used);
  set(AT_LISTED_PART_WORD, index.word);
  set(AT_LISTED_PART_LEAST, index.base >>> 0);
  set(AT_LISTED_PART_SHIFT, index.shift);
  for (let word = 0; word < 4; word++) set(AT_LISTED_PART_SHARED + 4 * word, first[word]?.[0] ?? 0);
}

/** Returns how many there are. */
function writeBuckets(buckets: Words, start: number, { places }: FirstLevel): number {
  for (let bucket = 0; bucket + 1 < places.length; bucket++) {
    buckets[(start + bucket) * 2] = places[bucket] ?? 0;
    buckets[(start + bucket) * 2 + 1] = places[bucket + 1] ?? 0;
  }
  return Math.max(0, places.length - 1);
}
