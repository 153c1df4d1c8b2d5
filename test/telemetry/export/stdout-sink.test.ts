import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ExportReport } from '../../../src/telemetry/export/sink.ts';
import { createStreamSink } from '../../../src/telemetry/export/stdout-sink.ts';
import { alert } from '../../alerts/fixtures.ts';

/** A stream whose writes finish only when the test says so. */
function gatedStream() {
  const chunks: string[] = [];
  const gates: (() => void)[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      gates.push(() => done());
    },
  });
  return { stream, chunks, release: () => gates.shift()?.() };
}

describe('the stream sink', () => {
  it('writes one JSON line for each alert', async () => {
    const stream = new PassThrough();
    const sink = createStreamSink({ stream });
    sink.send(alert('1'));
    sink.send(alert('2'));
    expect(await sink.flush(5000)).toBe(true);
    const lines = String(stream.read()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).attributes['log.record.uid'])).toEqual(['1', '2']);
    expect(sink.counters).toEqual({ accepted: 2, delivered: 2, pending: 0, lost: {} });
    expect(await sink.flush(0)).toBe(true);
  });

  it('uses another format and name when told', async () => {
    const stream = new PassThrough();
    const sink = createStreamSink({ stream, name: 'terminal', format: (item) => `<${item.uid}>` });
    sink.send(alert('1'));
    await sink.flush(5000);
    expect([sink.name, String(stream.read())]).toEqual(['terminal', '<1>\n']);
  });

  it('waits for a slow reader with a bounded buffer, and loses the least grave first', async () => {
    const { stream, chunks, release } = gatedStream();
    const sink = createStreamSink({ stream, capacity: 3, format: (item) => item.uid });
    sink.send(alert('first'));
    for (const uid of ['i1', 'i2', 'i3', 'i4']) sink.send(alert(uid, 'INFO'));
    sink.send(alert('c1', 'CRITICAL'));
    expect(sink.counters).toEqual({ accepted: 6, delivered: 0, pending: 4, lost: { queue_full: 2 } });
    const flushed = sink.flush(20_000);
    while (sink.counters.pending > 0) {
      release();
      await new Promise(setImmediate);
    }
    expect(await flushed).toBe(true);
    expect(chunks).toEqual(['first\n', 'i3\n', 'i4\n', 'c1\n']);
    expect(sink.counters.delivered).toBe(4);
  });

  it('ends a flush in time and counts the rest as lost when closed', async () => {
    const { stream } = gatedStream();
    const sink = createStreamSink({ stream });
    for (const uid of ['1', '2']) sink.send(alert(uid));
    expect(await sink.flush(10)).toBe(false);
    await sink.close();
    sink.send(alert('3'));
    expect(sink.counters).toEqual({
      accepted: 3,
      delivered: 0,
      pending: 0,
      lost: { shutdown: 2, sink_closed: 1 },
    });
    expect(stream.destroyed).toBe(false);
  });

  it('reports a broken stream once and counts what was lost', async () => {
    const reports: ExportReport[] = [];
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => setImmediate(done, new Error('write EPIPE')),
    });
    const sink = createStreamSink({ stream, onReport: (report) => void reports.push(report) });
    for (const uid of ['1', '2', '3']) sink.send(alert(uid));
    expect(await sink.flush(20_000)).toBe(true);
    sink.send(alert('4'));
    expect(sink.counters).toEqual({
      accepted: 4,
      delivered: 0,
      pending: 0,
      lost: { sink_error: 3, sink_closed: 1 },
    });
    expect(reports).toEqual([
      { level: 'error', message: expect.stringContaining('stdout: write EPIPE; 3 lost') },
    ]);
  });

  it('notices that the stream was closed by somebody else', async () => {
    const reports: ExportReport[] = [];
    const stream = new PassThrough();
    createStreamSink({ stream, onReport: (report) => void reports.push(report) });
    stream.destroy();
    await once(stream, 'close');
    expect(reports[0]?.message).toContain('the stream was closed');
  });

  it('survives a reader that goes away (a real pipe)', async () => {
    const script = fileURLToPath(new URL('../support/write-until-broken.ts', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint += String(chunk);
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect(complaint).toMatch(/^alerts can no longer be written to stdout: .*EPIPE/);
    expect(code).toBe(7);
  });
});
