import type { TelegenError } from '../../model/errors.ts';
import type { PacketBatch } from '../../net/packet/packet-batch.ts';
import { createBatchBuilder } from './batch-builder.ts';
import { type CaptureSource, openBytes, sourceName } from './byte-source.ts';
import { type ByteWindow, createByteWindow } from './byte-window.ts';
import { captureError } from './capture-error.ts';
import { CLASSIC_HEADER_BYTES, classicOrder, createClassicWalker } from './classic-walker.ts';
import { createPcapngWalker, SECTION_HEADER } from './pcapng-walker.ts';
import type { CaptureProblem, ReportProblem, Walker } from './walker.ts';

const MAGIC_BYTES = 4;

/** A capture that is read once, batch by batch. */
export interface CaptureReader extends AsyncIterable<PacketBatch> {
  /** The first thing that was wrong with the file; complete when the iteration is over. */
  readonly problem: CaptureProblem | undefined;
  /** Bytes of the source that were read so far, before decompression. */
  readonly bytesRead: number;
  /** Name of an interface of the section that is being read; undefined where the file has none. */
  interfaceName(id: number): string | undefined;
}

/**
 * Reads pcap or pcapng, plain or gzip, from a file, standard input (`-`) or pieces of bytes. What is readable of a
 * damaged file is given, then `problem` says where it is damaged. Iterating throws TELEGEN_CAPTURE for a source that
 * cannot be read or is no capture.
 */
export function readCapture(source: CaptureSource): CaptureReader {
  let problem: CaptureProblem | undefined;
  let bytesRead = 0;
  let walker: Walker | undefined;
  const report: ReportProblem = (found) => {
    problem ??= found;
  };
  const count = (bytes: number): void => {
    bytesRead += bytes;
  };
  return {
    get problem() {
      return problem;
    },
    get bytesRead() {
      return bytesRead;
    },
    interfaceName: (id) => walker?.interfaceName?.(id),
    [Symbol.asyncIterator]: () =>
      batches(source, {
        report,
        count,
        onWalker: (opened) => {
          walker = opened;
        },
      }),
  };
}

interface Reading {
  readonly report: ReportProblem;
  readonly count: (bytes: number) => void;
  readonly onWalker: (walker: Walker) => void;
}

async function* batches(
  source: CaptureSource,
  { report, count, onWalker }: Reading,
): AsyncGenerator<PacketBatch, void> {
  const pieces = openBytes(source, count);
  try {
    const window = createByteWindow(pieces);
    const walker = await openWalker(window, sourceName(source), report);
    if (walker === undefined) return;
    onWalker(walker);
    yield* walkAll(window, walker, report);
  } finally {
    await pieces.return();
  }
}

async function openWalker(
  window: ByteWindow,
  name: string,
  report: ReportProblem,
): Promise<Walker | undefined> {
  if (!(await window.need(MAGIC_BYTES))) throw notCapture(name, window);
  if (window.view.getUint32(0, true) === SECTION_HEADER) return createPcapngWalker(window, report);
  if (classicOrder(window.view, 0) === undefined) throw notCapture(name, window);
  if (await window.need(CLASSIC_HEADER_BYTES)) return createClassicWalker(window, report);
  report(ending(window));
  return undefined;
}

function notCapture(name: string, window: ByteWindow): TelegenError {
  const head = Buffer.from(window.bytes.subarray(0, Math.min(MAGIC_BYTES, window.end))).toString('hex');
  const found = window.end === 0 ? 'it is empty' : `it begins with ${head}`;
  const reason = window.fault() ?? found;
  return captureError(`${name}: not a capture: ${reason}; give a pcap or pcapng file, plain or gzip`);
}

async function* walkAll(
  window: ByteWindow,
  walker: Walker,
  report: ReportProblem,
): AsyncGenerator<PacketBatch, void> {
  const builder = createBatchBuilder(window.bytes);
  for (;;) {
    const next = walker.walk(builder);
    // Before the window moves: a batch points into it.
    if (builder.batch.count > 0) yield builder.batch;
    builder.clear();
    if (next === 'stop') return;
    if (next === 'full') continue;
    const goesOn = await (next === 'skip' ? window.skip(walker.wanted) : window.need(walker.wanted));
    if (goesOn) continue;
    const isClean = next === 'more' && window.end === window.at && window.fault() === undefined;
    if (!isClean) report(ending(window));
    return;
  }
}

function ending(window: ByteWindow): CaptureProblem {
  const left = window.end - window.at;
  const reason =
    window.fault() ??
    (left > 0 ? `the file ends ${left} bytes into a record` : 'the file ends inside a record');
  return { byteOffset: window.offset(), reason };
}
