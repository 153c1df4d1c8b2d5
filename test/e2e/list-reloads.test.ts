import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reloadLists } from '../../bench/support/list-reloads.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const missing = whyNoSandbox();

describe.skipIf(missing !== undefined)(`reloads of a long list ${missing ?? ''}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterAll(() => sandbox.close());

  // The same with 1,000,000 entries, 100 times and with an eye on memory: bench/reloads.ts.
  it('under connections: no verdict is wrong or missing, neither here nor in the kernel', async () => {
    const options = { entries: 20_000, times: 12, port: 19_397 };
    const { listed, marked, hits, dropped, generations } = await reloadLists(sandbox, options);
    expect(listed).toBeGreaterThan(500);
    expect({ marked, hits, dropped }).toEqual({ marked: listed, hits: listed, dropped: 0 });
    for (const generation of generations) expect(generation).toBeGreaterThanOrEqual(options.times + 1);
  });
});
