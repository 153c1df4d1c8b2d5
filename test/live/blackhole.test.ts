import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SinkCounters } from '../../src/model/sink.ts';
import { expectBalanced } from '../support/conservation.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const skip = whyNoSandbox();
const CHILD = fileURLToPath(new URL('../support/blackhole-child.ts', import.meta.url));

interface Report {
  readonly whileGone: SinkCounters;
  readonly counters: SinkCounters;
  readonly uids: readonly string[];
  readonly said: readonly string[];
}

describe.skipIf(skip !== undefined)(
  `a collector behind a black hole ${skip ? `(SKIP: ${skip})` : ''}`,
  () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterAll(() => sandbox?.close());

    it('half open: given up after the time limit, said, and everything arrives once packets pass again', async () => {
      const folder = `${sandbox.folder}/hole`;
      mkdirSync(folder);
      const child = sandbox.start(
        [process.execPath, '--disable-warning=ExperimentalWarning', CHILD, folder],
        { cgroup: 'none', namespace: 'inside' },
      );
      const { whileGone, counters, uids, said } = JSON.parse(await child.line()) as Report;
      await child.end();
      expectBalanced(whileGone);
      expect(whileGone).toMatchObject({ delivered: 100, spooled: 500, lost: {} });
      expect(said[0]).toMatch(/cannot be sent to .*(?:DEADLINE_EXCEEDED|UNAVAILABLE)/);
      expectBalanced(counters);
      expect(counters).toMatchObject({ accepted: 600, delivered: 600, spooled: 0, lost: {} });
      expect(new Set(uids)).toEqual(new Set(Array.from({ length: 600 }, (_, i) => `alert-${i}`)));
    });
  },
);
