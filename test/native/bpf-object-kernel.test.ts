import { afterEach, describe, expect, it } from 'vitest';
import { type Addon, type BpfObject, BUILD_DIR, loadAddon } from '../../src/capture/addon.ts';

const CORE = `${BUILD_DIR}/bpf/core.bpf.o`;
const RING_BYTES = 4096;
const isRoot = process.getuid?.() === 0;

const addon: Addon = loadAddon();
const opened: BpfObject[] = [];

function open(path = CORE): BpfObject {
  const object = new addon.BpfObject(path);
  opened.push(object);
  return object;
}

/** Without the tracepoints, which need tracefs. */
function load(object = open()): BpfObject {
  object.resizeMap('tg_events', RING_BYTES);
  object.load();
  return object;
}

/** Calls as untyped JavaScript would. */
const untyped = (value: unknown): Record<string, (...args: unknown[]) => unknown> => value as never;

afterEach(() => {
  for (const object of opened.splice(0)) object.close();
});

describe.skipIf(!isRoot)(`BpfObject in the kernel ${isRoot ? '' : '(SKIP: needs root)'}`, () => {
  const u32 = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);
  const VALUE_BYTES = 24;

  it('loads once; what may only come before is refused after', () => {
    const object = load();
    expect(() => object.load()).toThrow(expect.objectContaining({ op: 'load' }));
    expect(() => object.setConstant('tg_filter_cgroup', new Uint8Array([1]))).toThrow(
      expect.objectContaining({ code: 'EBUSY' }),
    );
    expect(() => object.resizeMap('tg_events', 8192)).toThrow(expect.objectContaining({ op: 'resize map' }));
  });

  it('reads, writes and deletes map entries', () => {
    const object = load();
    const value = Buffer.alloc(VALUE_BYTES, 7);
    expect(object.mapLookup('tg_processes', u32(41))).toBeUndefined();
    object.mapUpdate('tg_processes', u32(41), value, 0);
    expect(object.mapLookup('tg_processes', u32(41))).toEqual(value);
    expect(() => object.mapUpdate('tg_processes', u32(41), value, 1)).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
    expect([object.mapDelete('tg_processes', u32(41)), object.mapDelete('tg_processes', u32(41))]).toEqual([
      true,
      false,
    ]);
    for (const key of [new Uint8Array(3), new Uint8Array(5)]) {
      expect(() => object.mapLookup('tg_processes', key)).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      );
      expect(() => object.mapDelete('tg_processes', key)).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      );
    }
  });

  it('writes and reads many entries at once', () => {
    const object = load();
    const count = 1000;
    const keys = u32(...Array.from({ length: count }, (_, index) => index + 1));
    object.mapUpdate('tg_processes', u32(5), Buffer.alloc(VALUE_BYTES, 9), 0);
    expect(object.mapUpdateBatch('tg_processes', keys, Buffer.alloc(count * VALUE_BYTES, 3), 1)).toBe(
      count - 1,
    );
    const [gotKeys, gotValues] = [new Uint8Array(4 * 2 * count), new Uint8Array(VALUE_BYTES * 2 * count)];
    expect(object.mapLookupBatch('tg_processes', gotKeys, gotValues)).toBe(count);
    const pids = [...new Uint32Array(gotKeys.buffer, 0, count)].sort((a, b) => a - b);
    expect(pids).toEqual([...new Uint32Array(keys.buffer)]);
    expect(object.mapLookup('tg_processes', u32(5))?.[0]).toBe(9);
    expect(object.mapLookup('tg_processes', u32(6))?.[0]).toBe(3);
    expect(object.mapLookupBatch('tg_processes', new Uint8Array(0), new Uint8Array(0))).toBe(0);
  });

  it('shares a map between objects', () => {
    const first = load();
    const second = open();
    for (const map of ['tg_events', 'tg_processes']) second.reuseMap(map, first);
    second.load();
    first.mapUpdate('tg_processes', u32(1), Buffer.alloc(VALUE_BYTES, 1), 0);
    first.close();
    expect(second.mapLookup('tg_processes', u32(1))).toEqual(Buffer.alloc(VALUE_BYTES, 1));
    expect(() => open().reuseMap('tg_processes', first)).toThrow(
      expect.objectContaining({ op: 'reuse map' }),
    );
  });

  it('attaching where nothing can be attached says why', () => {
    const object = load();
    expect(() => object.attachCgroup('tg_tcp', 999_999)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => object.runIterator('tg_tcp')).toThrow(
      expect.objectContaining({ op: expect.stringContaining('iterator') }),
    );
    expect(() => object.attach('tg_connect4')).toThrow(expect.objectContaining({ op: 'attach' }));
    expect(() => open().attachCgroup('tg_tcp', 0)).toThrow(
      expect.objectContaining({ op: 'attach to cgroup' }),
    );
  });

  it('a reader: wrong sizes, two starts, no slab, stop without start', () => {
    const object = load();
    for (const size of [1, 4095, 8192]) {
      expect(() => new addon.RingReader(object, 'tg_events', size, [])).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      );
    }
    const reader = new addon.RingReader(object, 'tg_events', RING_BYTES, []);
    reader.stop();
    expect(() => reader.drain()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    expect(() => untyped(reader).start!(1, 2)).toThrow(TypeError);
    return new Promise<void>((resolve) => {
      reader.start(() => undefined, resolve);
      expect(() => reader.start(() => undefined, resolve)).toThrow(
        expect.objectContaining({ code: 'EBUSY' }),
      );
      for (const index of [0, -1, 1e9]) reader.release(index);
      object.close();
      expect([reader.pending(), reader.oversized()]).toEqual([0, 0]);
      reader.stop();
    });
  });
});
