import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { ProcReader } from '../../src/enrich/proc-reader.ts';
import { createProcessTable } from '../../src/enrich/process-table.ts';
import { atMs, atNs, CLOCKS, execOf, exitOf, owner } from './fake-proc.ts';

/** Every process has gone before it could be looked at. */
const GONE: ProcReader = {
  stat: () => undefined,
  commandLine: () => undefined,
  executable: () => undefined,
  cgroup: () => undefined,
  userId: () => undefined,
  hasThread: () => false,
  listProcesses: () => [],
  uptimeNs: () => undefined,
};

const PIDS = 32_768;

/** The n-th exec of a flood: pids wrap, every process is the child of the one before. */
function nth(index: number) {
  const pid = 100 + (index % PIDS);
  const parentPid = 100 + ((index + PIDS - 1) % PIDS);
  return owner({ pid, parentPid, startNs: atNs(1) + index, execId: index + 1, comm: 'flood' });
}

function setUp(maxEntries?: number) {
  const evicted = { count: 0 };
  const table = createProcessTable({
    procfs: GONE,
    clocks: CLOCKS,
    userName: () => undefined,
    onEvict: () => {
      evicted.count += 1;
    },
    ...(maxEntries !== undefined && { maxEntries }),
  });
  return { table, evicted };
}

function collectedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc === 'function') gc();
  return process.memoryUsage().heapUsed;
}

describe('a million execs', () => {
  it('leave no more than the bound, and the newest are known', () => {
    const { table, evicted } = setUp();
    let earlyBytes = 0;
    for (let index = 0; index < 1_000_000; index += 1) {
      table.observe(execOf(nth(index), { filename: `/bin/${index}`, args: [] }));
      if (index % 2 === 1) table.observe(exitOf(nth(index), 2));
      if (index === 200_000) earlyBytes = collectedHeapBytes();
    }
    expect(table.size().programs).toBe(65_536);
    expect(evicted.count).toBe(1_000_000 - 65_536);
    expect(collectedHeapBytes() - earlyBytes).toBeLessThan(16 << 20);
    expect(table.resolve(nth(999_999), atMs(3)).executablePath).toBe('/bin/999999');
    expect(table.resolve(nth(10), atMs(3))).not.toHaveProperty('executablePath');
  }, 300_000);
});

it('a flood of huge command lines stays inside the bound on text', () => {
  const { table } = setUp();
  for (let index = 0; index < 12_000; index += 1)
    table.observe(execOf(nth(index), { filename: '/bin/x', args: ['x', `${index}`.padEnd(6_000, 'y')] }));
  expect(table.size().chars).toBeLessThanOrEqual(32 << 20);
  expect(table.resolve(nth(11_999), atMs(3)).commandLine).toHaveLength(4096);
});

it('a flood does not push out a running program that is in use', () => {
  const { table } = setUp(1_000);
  const nginx = owner({ pid: 50, startNs: atNs(0.5), execId: 9e6, comm: 'nginx' });
  table.observe(execOf(nginx, { filename: '/usr/sbin/nginx', args: ['nginx'] }));
  for (let index = 0; index < 50_000; index += 1) {
    table.observe(execOf(nth(index), { filename: '/bin/x', args: ['x'] }));
    table.observe(exitOf(nth(index), 2));
  }
  expect(table.resolve(nginx, atMs(3)).executablePath).toBe('/usr/sbin/nginx');
});

it('connections of processes that nothing is known of stay inside the bound, too', () => {
  const { table } = setUp(1_000);
  for (let index = 0; index < 50_000; index += 1) table.resolve({ ...nth(index), execId: 0 }, atMs(3));
  expect(table.size().programs).toBe(1_000);
});
