import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { eventually } from '../../test/support/eventually.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';
import { undoLater } from './cleanup.ts';

const WEB_PORT = 8080;
const CONNECTIONS = 32;
const URL = `http://127.0.0.1:${WEB_PORT}/`;
/** Until the code of telegen is compiled; nginx alone needs fewer. */
const WARM_UP = { telegen: 40_000, quick: 10_000, nginx: 4_000 } as const;

/** Which end of each connection is in the observed cgroup. */
export type ObservedEnd = 'server' | 'client';

function config(folder: string): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off; user root; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; ${folders.join(' ')}
  server { listen 127.0.0.1:${WEB_PORT} backlog=4096; location / { return 200 "hello\\n"; } }
}
`;
}

let started = 0;

/**
 * Runs the work beside a new nginx with one worker that answers every request with six bytes, in the observed cgroup or
 * outside it, and ends nginx in peace afterwards: killed, its worker would live on.
 */
export async function withNginx<T>(ground: Sandbox, observed: boolean, work: () => Promise<T>): Promise<T> {
  const folder = `${ground.folder}/nginx-${started++}`;
  mkdirSync(folder);
  writeFileSync(`${folder}/nginx.conf`, config(folder));
  const argv = ['nginx', '-p', folder, '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`];
  const nginx = ground.start(argv, observed ? {} : { cgroup: 'none' });
  const stop = undoLater(async () => {
    process.kill(nginx.pid, 'SIGTERM');
    await nginx.end();
  });
  try {
    // Written when it listens.
    await eventually(() => existsSync(`${folder}/nginx.pid`), 'nginx to listen');
    return await work();
  } finally {
    await stop();
  }
}

export interface WrkOptions {
  readonly seconds: number;
  readonly keepAlive: boolean;
  readonly observed: boolean;
}

export interface WrkResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Median and 99th percentile of the time from request to response. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3 };

/** telegen runs for months: its code must be compiled before it is judged. One connection for each request. */
export async function warmUp(
  ground: Sandbox,
  { observed, what }: { readonly observed: boolean; readonly what: keyof typeof WARM_UP },
): Promise<void> {
  const argv = ['ab', '-q', '-n', `${WARM_UP[what]}`, '-c', `${CONNECTIONS}`, URL];
  await ground.start(argv, observed ? {} : { cgroup: 'none' }).end();
}

/** What wrk says. Throws when anything but complete answers came back. */
export function readWrk(text: string): WrkResult {
  const quantileMs = (share: number): number => {
    const [, time, unit = ''] = new RegExp(`^ *${share}% +([\\d.]+)(us|ms|s)$`, 'm').exec(text) ?? [];
    return Number(time) * (UNIT_MS[unit] ?? Number.NaN);
  };
  const problem = /^ *(Socket errors: .*|Non-2xx.*)$/m.exec(text)?.[1];
  const requests = Number(/^ *(\d+) requests in /m.exec(text)?.[1]);
  const perSecond = Number(/^Requests\/sec: +([\d.]+)/m.exec(text)?.[1]);
  const [p50Ms, p99Ms] = [quantileMs(50), quantileMs(99)];
  if (problem !== undefined || !(requests > 0) || !(perSecond > 0) || !(p99Ms > 0))
    throw new Error(`wrk: ${problem ?? text}`);
  return { requests, perSecond, p50Ms, p99Ms };
}

/** Loads nginx with one thread and 32 connections. Throws when anything but complete answers came back. */
export async function runWrk(
  ground: Sandbox,
  { seconds, keepAlive, observed }: WrkOptions,
): Promise<WrkResult> {
  const header = keepAlive ? [] : ['-H', 'Connection: close'];
  const argv = [
    'wrk',
    '--latency',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    ...header,
    `http://127.0.0.1:${WEB_PORT}/`,
  ];
  const text = await ground.start(argv, observed ? {} : { cgroup: 'none' }).end();
  return readWrk(text);
}
