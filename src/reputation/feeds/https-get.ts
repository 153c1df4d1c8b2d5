import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { connect as tlsConnect } from 'node:tls';

export interface GetOptions {
  readonly headers: OutgoingHttpHeaders;
  readonly proxy: string | undefined;
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
}

/** The answer's head; its body is still to be read. Rejects with what went wrong. */
export async function httpsGet(url: URL, options: GetOptions): Promise<IncomingMessage> {
  const { headers, proxy, caFile, signal } = options;
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
  const tunnel =
    proxy === undefined ? {} : { agent: await tunnelThrough(new URL(proxy), url, { ca, signal }) };
  return new Promise((resolve, reject) => {
    const asking: RequestOptions = { headers, signal, ...ca, ...tunnel };
    httpsRequest(url, asking, resolve).on('error', reject).end();
  });
}

interface TunnelOptions {
  readonly ca: { readonly ca?: Buffer };
  readonly signal: AbortSignal;
}

/** An agent for one connection: TLS to the server inside a CONNECT tunnel of the proxy. */
function tunnelThrough(proxy: URL, url: URL, { ca, signal }: TunnelOptions): Promise<Agent> {
  const target = `${url.hostname}:${url.port || 443}`;
  const login = proxy.username === '' ? {} : { 'proxy-authorization': `Basic ${basic(proxy)}` };
  return new Promise((resolve, reject) => {
    const asking = httpRequest({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...login },
      signal,
    });
    asking.on('error', (error) => reject(new Error(`the proxy cannot be reached: ${error.message}`)));
    asking.on('response', (answer) => {
      answer.resume();
      reject(new Error(`the proxy answered ${answer.statusCode}`));
    });
    asking.on('connect', (answer, socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        reject(new Error(`the proxy answered ${answer.statusCode}`));
        return;
      }
      const agent = new Agent();
      agent.createConnection = () => tlsConnect({ socket, servername: url.hostname, ...ca });
      resolve(agent);
    });
    asking.end();
  });
}

function basic({ username, password }: URL): string {
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
}
