import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../test/support/sandbox.ts';
import { mixedList } from './mixed-list.ts';
import { startTelegen } from './telegen.ts';

/** In every version of the list, in none, and in every second one; nothing leads to the last two. */
const ALWAYS = ['198.51.100.50', '2001:db8:bad::50'] as const;
const NEVER = ['198.51.100.51', '2001:db8:bad::51'] as const;
const SOMETIMES = ['203.0.113.0', '203.0.113.1'] as const;
/** Connections to each address in a round. */
const REPEAT = 50;
const ROUND_MS = 250;
const LOOK_MS = 100;

export interface ListReloadOptions {
  readonly entries: number;
  readonly times: number;
  /** Of the metrics. */
  readonly port: number;
  /** After each reload. */
  readonly onReload?: (times: number, memory: number) => void;
}

export interface ListReloads {
  /** Connections with addresses that every version names. */
  readonly listed: number;
  /** Those that the kernel side marked, and matches of the list. */
  readonly marked: number;
  readonly hits: number;
  /** Records without room. */
  readonly dropped: number;
  /** Of the list, and of the kernel side. */
  readonly generations: readonly [number, number];
  /** Resident bytes after each reload. */
  readonly memory: readonly number[];
}

/** The real program with a long list that is replaced again and again under connections, ended when all versions were in use. */
export async function reloadLists(ground: Sandbox, options: ListReloadOptions): Promise<ListReloads> {
  const { entries, times, port, onReload } = options;
  const file = `${ground.folder}/long.txt`;
  const common = `${mixedList(entries)}${ALWAYS.join('\n')}\n`;
  const write = (version: number): void => {
    // The order changes, too: entries lie elsewhere in each version.
    const odd = `${SOMETIMES[version % 2]}\n`;
    writeFileSync(`${file}.new`, version % 2 === 0 ? `${odd}${common}` : `${common}${odd}`);
    renameSync(`${file}.new`, file);
  };
  write(0);
  const telegen = await startTelegen({ cgroup: ground.cgroup, configFile: configOf(ground, file, port) });
  const memory: number[] = [];
  let isOver = false;
  const reload = async (): Promise<void> => {
    const [list, kernel] = generations(await scrape(port));
    for (let version = 1; version <= times; version++) {
      write(version);
      const isThere = (page: string): boolean => {
        const [listNow, kernelNow] = generations(page);
        return listNow >= list + version && kernelNow >= kernel + version;
      };
      while (!isThere(await scrape(port))) await pause(LOOK_MS);
      memory.push(telegen.memory('VmRSS'));
      onReload?.(version, memory.at(-1) as number);
    }
  };
  const ended = reload().finally(() => {
    isOver = true;
  });
  const [rounds] = await Promise.all([connect(ground, () => isOver), ended]);
  // What is in the ring is read by then.
  await pause(1_000);
  const page = await scrape(port);
  await telegen.stop();
  return {
    listed: rounds * REPEAT * ALWAYS.length,
    marked: sum(page, 'telegen_kernel_listed_connections_total'),
    hits: sum(page, 'telegen_list_hits_total'),
    dropped: sum(page, 'telegen_records_dropped_total'),
    generations: generations(page),
    memory,
  };
}

function configOf({ folder }: Sandbox, list: string, port: number): string {
  const file = `${folder}/reloads.yaml`;
  const security = { blocklists: [list], state_dir: `${folder}/state`, scan: { enabled: false } };
  writeFileSync(file, JSON.stringify({ agent: { telemetry: { listen: { port } }, network: { security } } }));
  return file;
}

/** Returns the number of rounds. */
async function connect(ground: Sandbox, isOver: () => boolean): Promise<number> {
  const tries = [...ALWAYS, ...NEVER].map(
    (ip) => `${ip.includes(':') ? 'tcp6' : 'tcp4'} connect ${ip} 9 close`,
  );
  let rounds = 0;
  for (; !isOver(); rounds++) {
    await ground.peer(`repeat ${REPEAT} ${tries.join(' ')}`).end();
    await pause(ROUND_MS);
  }
  return rounds;
}

/** An agent that is too busy to answer is asked again. */
async function scrape(port: number): Promise<string> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  } catch {
    return '';
  }
}

/** All series of a metric together. */
function sum(page: string, metric: string): number {
  const samples = page.matchAll(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...samples].reduce((total, [, value]) => total + Number(value), 0);
}

const generations = (page: string): [number, number] => [
  sum(page, 'telegen_list_generation'),
  sum(page, String.raw`telegen_kernel_list_generation\{source="lists",family="ipv4"\}`),
];
