import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endProcess } from '../../src/cli/end-process.ts';

/** Takes nothing until `done` is called. */
function slowStream() {
  let finish: () => void = () => undefined;
  const stream = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      finish = () => done();
    },
  });
  return { stream, finish: () => finish() };
}

describe('the end of the process', () => {
  const exit = () =>
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('comes at once when everything is written', async () => {
    exit();
    await expect(endProcess(3, slowStream().stream)).rejects.toThrow('exit 3');
  });

  it('waits for the last words', async () => {
    vi.useFakeTimers();
    const mock = exit();
    const { stream, finish } = slowStream();
    stream.write('last words\n');
    const end = endProcess(0, stream);
    end.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(100);
    expect(mock).not.toHaveBeenCalled();
    finish();
    await expect(end).rejects.toThrow('exit 0');
  });

  it('does not wait for ever', async () => {
    vi.useFakeTimers();
    exit();
    const { stream } = slowStream();
    stream.write('last words\n');
    const end = endProcess(1, stream);
    end.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(201);
    await expect(end).rejects.toThrow('exit 1');
  });
});
