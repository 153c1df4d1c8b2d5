/**
 * Reloads of a long list under connections: node bench/reloads.ts [TIMES] [ENTRIES]. Fails when a verdict is wrong or missing, or
 * memory grows by more than 5 % after the first third.
 */

import { undoAll } from './support/cleanup.ts';
import { onOwnGround } from './support/ground.ts';
import { growthOf } from './support/growth.ts';
import { reloadLists } from './support/list-reloads.ts';

const MAX_GROWTH = 0.05;
const [times = 200, entries = 1_000_000] = process.argv.slice(2).map(Number);
const say = (text: string): unknown => process.stdout.write(`${text}\n`);

async function run(): Promise<boolean> {
  const began = performance.now();
  const { listed, marked, hits, dropped, memory, generations } = await onOwnGround((ground) =>
    reloadLists(ground, {
      times,
      entries,
      port: 19_398,
      onReload(version, bytes) {
        if (version % 10 === 0) say(`${version} reloads, ${(bytes / 1e6).toFixed(0)} MB`);
      },
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  say(
    `${times} reloads of ${entries} entries in ${seconds.toFixed(0)} s, generations ${generations.join(' and ')}`,
  );
  say(
    `${listed} connections with listed addresses: ${marked} marked by the kernel side, ${hits} found by the lookup`,
  );
  say(`as many with others; ${dropped} records without room`);
  const { growth, text } = growthOf(memory);
  say(`${text} (limit ${MAX_GROWTH * 100} %)`);
  return marked === listed && hits === listed && dropped === 0 && growth <= MAX_GROWTH;
}

try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await undoAll();
}
process.exit();
