import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

describe('BpfObject before load', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(`${tmpdir()}/telegen-test-native-`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a file that is not there', () => `${folder}/none.o`, 'ENOENT'],
    ['a folder', () => folder, undefined],
    ['an empty file', () => write('empty.o', ''), undefined],
    ['garbage', () => write('garbage.o', 'no ELF at all, only words'), undefined],
    ['half an object', () => write('half.o', '\x7fELF\x02\x01\x01'), undefined],
    ['an object for another machine', () => process.execPath, undefined],
  ])('%s: says which, and why', (_, path, code) => {
    const file = path();
    expect(() => new addon.BpfObject(file)).toThrow(
      expect.objectContaining({
        op: `open ${file}`,
        errno: expect.any(Number),
        code: code ?? expect.stringMatching(/^[A-Z]+$/),
        log: expect.any(String),
      }),
    );
  });
  function write(name: string, text: string): string {
    writeFileSync(`${folder}/${name}`, text, 'latin1');
    return `${folder}/${name}`;
  }

  it('lists its programs', () => {
    expect(open().programs()).toContainEqual({ name: 'tg_connect4', section: 'cgroup/connect4' });
  });

  it.each<[string, (object: BpfObject) => unknown, string]>([
    ['an unknown program', (object) => object.setAutoload('nobody', true), 'find program nobody'],
    ['an unknown program to attach', (object) => object.attachCgroup('nobody', 0), 'find program nobody'],
    ['an unknown map', (object) => object.resizeMap('nothing', 1), 'find map nothing'],
    [
      'an unknown map to read',
      (object) => object.mapLookup('nothing', new Uint8Array(4)),
      'find map nothing',
    ],
    [
      'an unknown constant',
      (object) => object.setConstant('nothing', new Uint8Array(1)),
      'find constant nothing',
    ],
  ])('%s', (_, act, op) => {
    const object = open();
    expect(() => act(object)).toThrow(expect.objectContaining({ op, code: 'ENOENT' }));
  });

  it('refuses a constant of the wrong size', () => {
    const object = open();
    object.setConstant('tg_filter_cgroup', new Uint8Array([1]));
    for (const size of [0, 2, 4096])
      expect(() => object.setConstant('tg_filter_cgroup', new Uint8Array(size))).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      );
  });

  it('takes a constant from any view, and only its part of the buffer', () => {
    const object = open();
    object.setConstant('tg_filter_cgroup', new Uint8Array(new Uint8Array([9, 1, 9]).buffer, 1, 1));
    object.setConstant('tg_filter_cgroup', new Uint8Array(new SharedArrayBuffer(1)));
    object.setConstant('tg_exec_filename_offset', new Uint8Array(new Uint32Array([8]).buffer));
  });

  const METHODS = [
    'programs',
    'setAutoload',
    'setConstant',
    'resizeMap',
    'reuseMap',
    'load',
    'attach',
    'attachCgroup',
    'runIterator',
    'mapLookup',
    'mapUpdate',
    'mapDelete',
    'mapLookupBatch',
    'mapUpdateBatch',
  ];
  const NAMES: Record<string, unknown> = {
    setAutoload: 'tg_tcp',
    attach: 'tg_tcp',
    attachCgroup: 'tg_tcp',
    runIterator: 'tg_tcp',
    setConstant: 'tg_filter_cgroup',
  };
  const WRONG: unknown[][] = [
    [],
    [undefined],
    [null],
    [5],
    [{}],
    [[]],
    ['tg_events'],
    ['tg_events', 'x'],
    ['tg_events', {}],
    ['tg_events', null, null],
    ['tg_events', -1],
    ['tg_events', Number.NaN],
    ['tg_events', 2 ** 40],
    ['tg_processes', new Uint8Array(0), new Uint8Array(0), 'x'],
    ['tg_events', new Uint8Array(0), new Uint8Array(0), 0],
    ['tg_processes', new Uint8Array(4), new Uint8Array(1), 0],
    ['tg_processes', new DataView(new ArrayBuffer(4)), 5],
    [Symbol('x')],
    [new Proxy({}, {})],
    ['\0'],
    ['x'.repeat(100_000)],
  ];
  /** Whatever it does, it either returns or throws an Error. */
  function survive(call: () => unknown): void {
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  }

  describe.each(isRoot ? ['open', 'loaded', 'closed'] : ['open', 'closed'])('%s', (state) => {
    it.each(METHODS)('%s with wrong arguments throws or does nothing; it never crashes', (method) => {
      const object = open();
      if (state === 'loaded') load(object);
      if (state === 'closed') object.close();
      const name = NAMES[method];
      const lists = WRONG.flatMap((args) => (name === undefined ? [args] : [args, [name, ...args.slice(1)]]));
      for (const args of lists) survive(() => untyped(object)[method]!(...args));
      object.close();
    });
  });

  it('knows its own objects from others', () => {
    const object = open();
    for (const other of [{}, [], () => 0, new Map(), new ArrayBuffer(8), Object.create(object), null, 'x'])
      expect(() => untyped(object).reuseMap!('tg_events', other)).toThrow(TypeError);
    expect(() => Reflect.apply(untyped(object).load!, {}, [])).toThrow(TypeError);
    expect(() => (addon.BpfObject as unknown as () => void)()).toThrow(TypeError);
  });

  it('use after close is an error; closing again is none', () => {
    const object = open();
    object.close();
    object.close();
    object.detach();
    for (const act of [
      () => object.programs(),
      () => object.load(),
      () => object.mapLookup('tg_events', new Uint8Array(0)),
      () => object.attach('tg_exec'),
    ])
      expect(act).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  it('a reader that cannot be', () => {
    const object = open();
    const slabs = [new ArrayBuffer(4096)];
    const make = untyped(addon).RingReader as unknown as new (...args: unknown[]) => unknown;
    for (const args of [
      [],
      [{}],
      [object],
      [object, 'tg_events', RING_BYTES, [5]],
      [object, 5, RING_BYTES, slabs],
      [{}, 'tg_events', 1, slabs],
    ])
      expect(() => new make(...args)).toThrow(TypeError);
    for (const [map, size] of [
      ['tg_events', RING_BYTES],
      ['tg_events', 0],
      ['nothing', RING_BYTES],
      ['tg_processes', 32_768],
    ] as const)
      expect(() => new make(object, map, size, slabs)).toThrow(
        expect.objectContaining({ op: `map ring ${map}` }),
      );
  });
});
