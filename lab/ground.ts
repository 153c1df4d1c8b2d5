import { copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filterArrivals } from '../test/support/namespaces.ts';
import type { Program } from '../test/support/programs.ts';
import type { Place, Sandbox } from '../test/support/sandbox.ts';

/** Where the story takes place: a watched host (192.0.2.2), its web server, and the world outside. */
export interface Ground {
  readonly sandbox: Sandbox;
  /** The configuration file, beside the files that it names. */
  readonly config: string;
  /** Copies of netcat under the names and paths that intruders choose. */
  readonly shell: string;
  readonly miner: string;
  /** Cgroup of a container, shaped and named as kubelet and containerd do it. */
  readonly pod: string;
  /** Runs a program on the watched host to its end, however it ends. */
  readonly run: (argv: readonly string[], place?: Place) => Promise<void>;
}

export const POD_NAME = 'web-5d9c7b-x2x4q';
const POD_UID = '7c1e4f0a-52d0-4f3b-9a53-6f0f3c0f8e11';
const CONTAINER_ID = '5eed'.repeat(16);
const ATTEMPTS = 200;
const OUTSIDE: Place = { cgroup: 'none', namespace: 'outside' };

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Builds everything that the story needs before telegen starts. */
export async function prepareGround(sandbox: Sandbox): Promise<Ground> {
  const { folder } = sandbox;
  for (const name of ['lab.yaml', 'blocklist.txt']) copyFileSync(here(name), `${folder}/${name}`);
  mkdirSync(`${folder}/pods/shop_${POD_NAME}_${POD_UID}`, { recursive: true });
  const [shell, miner] = [`${folder}/tmp/.x/shell`, `${folder}/tmp/.x/kthreadd`];
  mkdirSync(`${folder}/tmp/.x`, { recursive: true });
  for (const copy of [shell, miner]) copyFileSync(findProgram('nc'), copy);
  // One address of the outside world never answers.
  filterArrivals(sandbox.namespaces.outside, ['ip daddr 203.0.113.82 drop']);
  const shop = { name: 'shop', listen: ['192.0.2.2:8080'], place: {} };
  const world = { name: 'world', listen: ['203.0.113.10:8080', '203.0.113.80:8080'], place: OUTSIDE };
  for (const site of [shop, world]) {
    startServer(sandbox, site);
    await untilServing(sandbox, site);
  }
  const slice = `kubepods-burstable-pod${POD_UID.replaceAll('-', '_')}.slice`;
  return {
    sandbox,
    config: `${folder}/lab.yaml`,
    shell,
    miner,
    pod: sandbox.subgroup(
      `kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${CONTAINER_ID}.scope`,
    ),
    run: (argv, place) => ended(sandbox.start(argv, place)),
  };
}

/** curl and nc end with an error where the story has them refused. */
async function ended(program: Program): Promise<void> {
  await program.end().catch(() => undefined);
}

function findProgram(name: string): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      return realpathSync(`${folder}/${name}`);
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`${name} is not installed; run "make lab", which installs it`);
}

interface Site {
  readonly name: string;
  readonly listen: readonly string[];
  readonly place: Place;
}

function startServer(sandbox: Sandbox, { name, listen, place }: Site): void {
  const folder = `${sandbox.folder}/${name}`;
  mkdirSync(folder);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const server = [
    ...listen.map((address) => `listen ${address};`),
    `location / { return 200 "${name}\\n"; }`,
  ];
  const lines = [
    `user root; daemon off; worker_processes 2; pid ${folder}/pid;`,
    'events { worker_connections 256; }',
    'http {',
    'access_log off;',
    ...temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`),
    `server { ${server.join(' ')} }`,
    '}',
  ];
  writeFileSync(`${folder}/nginx.conf`, `${lines.join('\n')}\n`);
  sandbox.start(['nginx', '-e', 'stderr', '-p', folder, '-c', `${folder}/nginx.conf`], place);
}

async function untilServing(sandbox: Sandbox, { listen, place }: Site): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sandbox.start(['curl', '-sf', '-m', '2', `http://${listen[0]}/`], place).end();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
