import { describe, expect, it, vi } from 'vitest';
import {
  type Acceptance,
  createExportLoop,
  type Outgoing,
} from '../../../src/telemetry/export/otlp-export-loop.ts';
import { createRetryPolicy } from '../../../src/telemetry/export/retry-policy.ts';
import { createSeverityQueue } from '../../../src/telemetry/export/severity-queue.ts';

const ALL_TAKEN: Acceptance = { rejected: 0, message: '' };
const PATIENCE = { timeout: 25_000, interval: 5 };

function setup(
  exportBatch: (records: number[]) => Promise<Acceptance>,
  timing = { baseDelayMs: 2, maxDelayMs: 4 },
) {
  const queue = createSeverityQueue<Outgoing<number>>({ capacity: 100, ranks: 1, rankOf: () => 0 });
  const outcomes: string[] = [];
  const reconnect = vi.fn();
  const loop = createExportLoop<number>({
    queue,
    exportBatch,
    reconnect,
    batchSize: 4,
    retry: createRetryPolicy(timing),
    reporter: { problem: () => {}, recovered: () => {} },
    endpoint: 'collector',
  });
  const push = (record: number): void => {
    const settle = (outcome: string) => void outcomes.push(`${record} ${outcome}`);
    queue.push({ record, rank: 0, settle, refusedAt: undefined });
    loop.kick();
  };
  return { queue, outcomes, reconnect, loop, push };
}

describe('the export loop', () => {
  it('sends what came in one turn together, and never two requests at once', async () => {
    const batches: number[][] = [];
    let running = 0;
    const { loop, push } = setup(async (records) => {
      running += 1;
      expect(running).toBe(1);
      batches.push(records);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running -= 1;
      return ALL_TAKEN;
    });
    for (let i = 0; i < 6; i += 1) push(i);
    expect(batches).toEqual([]);
    expect(await loop.flush(20_000)).toBe(true);
    expect(batches).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
  });

  it('opens a new connection after trouble with the transport, not for what a batch holds', async () => {
    const failures = [{ code: 14 }, { code: 3 }];
    const { reconnect, push, outcomes } = setup(async () => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return ALL_TAKEN;
    });
    push(1);
    await vi.waitFor(() => expect(outcomes).toEqual(['1 delivered']), PATIENCE);
    expect(reconnect).toHaveBeenCalledTimes(1);
  });

  it('keeps a single refused record while nothing else gets through: the receiver may be at fault', async () => {
    let healed = false;
    let attempts = 0;
    const { push, outcomes } = setup(async () => {
      attempts += 1;
      if (!healed) throw { code: 3 };
      return ALL_TAKEN;
    });
    for (const record of [1, 2, 3]) push(record);
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(20), PATIENCE);
    expect(outcomes).toEqual([]);
    healed = true;
    await vi.waitFor(() => expect(outcomes).toHaveLength(3), PATIENCE);
    expect(outcomes.every((text) => text.endsWith('delivered'))).toBe(true);
  });

  it('survives an export that throws before anything is sent, and tries again', async () => {
    let attempts = 0;
    const { push, outcomes } = setup(() => {
      attempts += 1;
      if (attempts < 3) throw new Error('cannot be serialised');
      return Promise.resolve(ALL_TAKEN);
    });
    push(1);
    await vi.waitFor(() => expect(outcomes).toEqual(['1 delivered']), PATIENCE);
    expect(attempts).toBe(3);
  });

  it('settles everything at once when closed, also what is under way, and ignores the late answer', async () => {
    let answer: (acceptance: Acceptance) => void = () => {};
    const started = vi.fn();
    const { loop, push, outcomes, queue } = setup(() => {
      started();
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    for (let i = 0; i < 6; i += 1) push(i);
    await vi.waitFor(() => expect(started).toHaveBeenCalled(), PATIENCE);
    const flushed = loop.flush(60_000);
    loop.close();
    expect(outcomes).toHaveLength(6);
    expect(await flushed).toBe(true);
    answer(ALL_TAKEN);
    await new Promise(setImmediate);
    expect(outcomes).toHaveLength(6);
    expect(queue.size).toBe(0);
  });
});
