import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { eventually } from './eventually.ts';
import type { Place, Sandbox } from './sandbox.ts';

export interface Nginx {
  readonly port: number;
  readonly pid: number;
  /** Requests that it has logged so far: `METHOD target status body-bytes`. */
  log(): string[];
  /** Waits until so many are logged. */
  logged(count: number): Promise<string[]>;
}

export interface NginxOptions {
  readonly sandbox: Sandbox;
  /** Files that it serves, by name. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Address and options of `listen`, without the port (default: `127.0.0.1`). */
  readonly address?: string;
  readonly listen?: string;
  /** More of the server block, and of the http block. */
  readonly server?: string;
  readonly http?: string;
  readonly place?: Place;
}

/** A TCP port that nobody has at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const LOG_FORMAT = `log_format told '$request_method $request_uri $status $body_bytes_sent';`;

/** Starts nginx with one worker and its access log, and waits until it listens. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { sandbox, files, address = '127.0.0.1', listen = '', server = '', http = '', place = {} } = options;
  const { folder } = sandbox;
  const port = await freePort();
  const log = `${folder}/access-${port}.log`;
  for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const config = `daemon off; worker_processes 1; user root; pid ${folder}/nginx-${port}.pid;
error_log ${folder}/error.log; events { worker_connections 4096; }
http { ${temporary.join(' ')} ${LOG_FORMAT} access_log ${log} told; keepalive_requests 1000000; ${http}
server { listen ${address}:${port} ${listen}; root ${folder}; ${server} } }`;
  writeFileSync(`${folder}/nginx-${port}.conf`, config);
  const { pid } = sandbox.start(['nginx', '-c', `${folder}/nginx-${port}.conf`], {
    namespace: 'host',
    ...place,
  });
  await eventually(() => isThere(`${folder}/nginx-${port}.pid`), 'nginx to start');
  const logLines = (): string[] => readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return {
    port,
    pid,
    log: logLines,
    logged: async (count) => {
      await eventually(
        () => logLines().length >= count,
        () => `${count} lines in the log, ${logLines().length} there`,
      );
      return logLines();
    },
  };
}

function isThere(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').length > 0;
  } catch {
    return false;
  }
}

/** The line of an event (see tell()) as nginx logs the same request. */
export function asLogged(line: string): string {
  return line.replace(/ (?:\d+|-) ((?:\d+|-) complete)$/, ' $1').replace(' complete', '');
}
