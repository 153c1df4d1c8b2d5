import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_DIR, type KernelError, loadAddon } from '../../../src/capture/addon.ts';
import { loadObject, reasonOf } from '../../../src/capture/live/load-object.ts';
import { CLANG, whyNoBpf } from '../../support/bpf-source.ts';

const skip = whyNoBpf();

const HEAD = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
const volatile __u8 answer = 0;
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } numbers SEC(".maps");
SEC("cgroup/connect4") int good(struct bpf_sock_addr *ctx) { __u32 key = answer; bpf_map_lookup_elem(&numbers, &key); return 1; }
`;
const NO_HELPER =
  'SEC("cgroup/connect4") int no_helper(struct bpf_sock_addr *ctx) { return ((long (*)(void))9999)() & 1; }';
/** Reads through a pointer that may be none: the verifier's classic. */
const NULL_READ =
  'SEC("cgroup/connect4") int null_read(struct bpf_sock_addr *ctx) { __u32 key = 1; __u64 *value = bpf_map_lookup_elem(&numbers, &key); return *value & 1; }';
const BAD_CONTEXT =
  'SEC("cgroup/sock_release") int bad_context(struct bpf_sock *ctx) { return ctx->src_ip4 & 1; }';

describe.skipIf(skip !== undefined)(`loadObject ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  const addon = loadAddon();
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(`${tmpdir()}/telegen-test-object-`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function compile(name: string, programs: readonly string[]): string {
    const path = `${folder}/${name}.bpf`;
    writeFileSync(`${path}.c`, HEAD + programs.join('\n'));
    const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    const include = [`-I${BUILD_DIR}/libbpf/include`, '-isystem', `/usr/include/${machine}-linux-gnu`];
    execFileSync(CLANG!, ['-target', 'bpf', '-O2', '-g', ...include, '-c', `${path}.c`, '-o', `${path}.o`], {
      stdio: 'pipe',
    });
    return `${path}.o`;
  }
  const spec = (path: string) => ({
    path,
    constants: { answer: new Uint8Array([3]), absent: new Uint8Array(9) },
    mapSizes: { numbers: 8 },
  });

  it('loads what is good as a whole', () => {
    const { object, refused } = loadObject(addon, spec(compile('good', [])));
    expect(refused.size).toBe(0);
    object.mapUpdate('numbers', new Uint8Array([7, 0, 0, 0]), new Uint8Array(8), 0);
    object.close();
  });

  it('loads the others when the kernel refuses some, and keeps the reasons', () => {
    const path = compile('mixed', [NO_HELPER, NULL_READ, BAD_CONTEXT]);
    const { object, refused } = loadObject(addon, spec(path));
    expect([...refused.keys()].sort()).toEqual(['bad_context', 'no_helper', 'null_read']);
    expect(refused.get('no_helper')).toMatch(/^E[A-Z]+ \(.*unknown.*9999/);
    expect(refused.get('null_read')).toMatch(/^EACCES \(.*invalid mem access/);
    expect(refused.get('bad_context')).toMatch(/^EACCES \(.*invalid bpf_context access/);
    for (const reason of refused.values()) expect(reason.length).toBeLessThan(300);
    object.mapUpdate('numbers', new Uint8Array([7, 0, 0, 0]), new Uint8Array(8), 0);
    object.close();
  });

  it('fails with the kernel’s words when all are refused', () => {
    const path = compile('hopeless', [NULL_READ]);
    const hopeless = { ...spec(path), mapSizes: { numbers: 0 } };
    expect(() => loadObject(addon, hopeless)).toThrow(
      expect.objectContaining({ op: 'load', errno: expect.any(Number) }),
    );
  });

  it('fails on a file that is none', () => {
    expect(() => loadObject(addon, spec(`${folder}/none.o`))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});

describe('reasonOf', () => {
  const kernelError = (log: string): KernelError =>
    Object.assign(new Error('load: Permission denied'), { op: 'load', errno: 13, code: 'EACCES', log });
  it.each<[string, unknown, string]>([
    [
      'the verifier’s last telling line',
      kernelError('0: R1=ctx\ninvalid bpf_context access off=4 size=4\nprocessed 1 insns\n'),
      'EACCES (invalid bpf_context access off=4 size=4)',
    ],
    [
      'libbpf’s prefix is dropped',
      kernelError('libbpf: BTF is required, but missing\n'),
      'EACCES (BTF is required, but missing)',
    ],
    ['no log', kernelError(''), 'EACCES (load: Permission denied)'],
    ['an ordinary error', new Error('plain'), 'plain'],
    ['no error at all', 'text', 'text'],
  ])('%s', (_, error, reason) => expect(reasonOf(error)).toBe(reason));

  it('is one line of bounded length', () => {
    expect(reasonOf(kernelError(`invalid ${'x'.repeat(10_000)}`)).length).toBeLessThan(220);
  });
});
