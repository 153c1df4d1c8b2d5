import { writeFileSync } from 'node:fs';
import type { Program } from '../../test/support/programs.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';

/** Inside, observed. */
export const SERVER = '192.0.2.2';
export const HTTP_PORT = 8080;
export const HTTP2_PORT = 8081;
/** Of each kind. */
export const PER_SECOND = 500;
const CONNECTIONS = 10;
const OUTSIDE = { cgroup: 'none', namespace: 'outside' } as const;

/** Starts nginx, nghttpd and dnsmasq in the observed cgroup; the ground's end is theirs. */
export async function startServers(ground: Sandbox): Promise<void> {
  const { folder } = ground;
  writeFileSync(`${folder}/hello.txt`, 'hello\n');
  writeFileSync(`${folder}/queries.txt`, 'www.example.com A\nmail.example.com AAAA\n');
  writeFileSync(`${folder}/nginx.conf`, nginxConfig(folder));
  ground.start(['nginx', '-p', folder, '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`]);
  ground.start(['nghttpd', '--no-tls', '-a', SERVER, '-d', folder, `${HTTP2_PORT}`]);
  ground.start(
    `dnsmasq -k -C /dev/null --pid-file= --user=root --no-resolv --no-hosts --bind-interfaces --listen-address=${SERVER} --address=/example.com/192.0.2.9`.split(
      ' ',
    ),
  );
  await answers(ground, ['curl', '-sf', `http://${SERVER}:${HTTP_PORT}/`]);
  await answers(ground, ['nghttp', '-n', `http://${SERVER}:${HTTP2_PORT}/hello.txt`]);
  await answers(ground, ['dnsperf', '-s', SERVER, '-d', `${folder}/queries.txt`, '-n', '1']);
}

/** Waits until the command, from outside, ends well. */
export async function answers(ground: Sandbox, argv: readonly string[]): Promise<void> {
  while ((await ground.start(argv, OUTSIDE).ended()).exit !== '0');
}

/** worker_processes 1, master off: one process, ended by a signal. */
function nginxConfig(folder: string): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off; master_process off; user root; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; ${folders.join(' ')}
  server { listen ${SERVER}:${HTTP_PORT} backlog=4096; location / { return 200 "hello\\n"; } }
}
`;
}

/** telegen runs for months: its code must be compiled before it is judged. As fast as it goes. */
export async function warmUp(ground: Sandbox): Promise<void> {
  await loads(ground, {
    kept: ['-c', `${CONNECTIONS}`, '-n', '30000'],
    short: ['ab', '-q', '-c', `${CONNECTIONS}`, '-n', '10000'],
    queries: ['-n', '10000'],
  });
}

/**
 * 2,000 requests a second for so many seconds, from outside: 500 each of HTTP/1 over kept connections, HTTP/1 with a
 * connection for each request, HTTP/2, and DNS queries. Throws when one of them is not answered.
 */
export function steadyLoad(ground: Sandbox, seconds: number): Promise<void> {
  const count = PER_SECOND * seconds;
  return loads(ground, {
    kept: ['-c', `${CONNECTIONS}`, `--rps=${PER_SECOND / CONNECTIONS}`, '-n', `${count}`],
    short: ['h2load', '--h1', '-c', `${count}`, '-r', `${PER_SECOND}`, '-n', `${count}`],
    queries: ['-Q', `${PER_SECOND}`, '-l', `${seconds}`],
  });
}

/** So many HTTP/1 requests a second over kept connections, from outside. Throws when one of them is not answered. */
export async function steadyHttp(ground: Sandbox, perSecond: number, seconds: number): Promise<void> {
  const pace = [`--rps=${perSecond / CONNECTIONS}`, '-n', `${perSecond * seconds}`];
  const url = `http://${SERVER}:${HTTP_PORT}/`;
  const argv = ['h2load', '--h1', '-c', `${CONNECTIONS}`, ...pace, url];
  throwUnanswered(await ground.start(argv, OUTSIDE).end());
}

interface Loads {
  readonly kept: readonly string[];
  readonly short: readonly string[];
  readonly queries: readonly string[];
}

async function loads(ground: Sandbox, { kept, short, queries }: Loads): Promise<void> {
  const url = `http://${SERVER}:${HTTP_PORT}/`;
  const argvs = [
    ['h2load', '--h1', ...kept, url],
    [...short, url],
    ['h2load', ...kept, `http://${SERVER}:${HTTP2_PORT}/hello.txt`],
    ['dnsperf', '-s', SERVER, '-d', `${ground.folder}/queries.txt`, ...queries],
  ];
  const programs = argvs.map((argv): Program => ground.start(argv, OUTSIDE));
  for (const text of await Promise.all(programs.map((program) => program.end()))) throwUnanswered(text);
}

function throwUnanswered(text: string): void {
  const problem = /(?:[1-9]\d* failed|[1-9]\d* errored|Queries lost: +[1-9]\d*)/.exec(text)?.[0];
  if (problem !== undefined) throw new Error(`the load was not answered: ${problem}\n${text}`);
}
