import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import { loadConfig } from '../config/load.ts';
import { TelegenError } from '../model/errors.ts';

/** Where the running agent is asked. */
export interface AgentPlace {
  readonly config?: string;
  readonly url?: string;
}

const TIMEOUT_MS = 10_000;
/** An agent's answer is a few megabytes at the very most. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Asks the running agent for JSON, and reads it; TELEGEN_AGENT when there is no answer, or none that can be read. */
export async function askAgent<T>(
  { config, url: given }: AgentPlace,
  path: string,
  read: (answer: unknown) => T,
): Promise<T> {
  const { url: own, ...secrets } = agentOf(config);
  const base = given ?? own;
  const url = URL.canParse(path, base) ? new URL(path, base) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new TelegenError('TELEGEN_AGENT', `${base}: not an address such as http://127.0.0.1:19090`);
  try {
    return read(JSON.parse(await download(url, secrets)));
  } catch (cause) {
    const reason = cause instanceof Error && cause.message !== '' ? cause.message : 'no answer';
    const cure = 'is telegen running, and does agent.telemetry.listen say the same? (-c FILE, or --url)';
    throw new TelegenError('TELEGEN_AGENT', `${url.href}: ${reason}; ${cure}`, { cause });
  }
}

/** How the agent of this configuration is asked. */
interface Agent {
  readonly url: string;
  readonly tokenFile: string | undefined;
  /** Its own certificate is believed: it is read from where the agent has it. */
  readonly certFile: string | undefined;
}

function agentOf(configFile: string | undefined): Agent {
  const { address, port, tokenFile, tls } = loadConfig(configFile).config.telemetry.listen;
  // Whoever listens everywhere also listens on loopback.
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '[::1]' : address;
  const scheme = tls === undefined ? 'http' : 'https';
  const url = `${scheme}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  return { url, tokenFile, certFile: tls?.certFile };
}

function download(url: URL, { tokenFile, certFile }: Omit<Agent, 'url'>): Promise<string> {
  const headers =
    tokenFile === undefined ? {} : { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
  // The very certificate, whatever name it bears.
  const trust =
    certFile === undefined
      ? {}
      : {
          ca: readFileSync(certFile),
          allowPartialTrustChain: true,
          checkServerIdentity: () => undefined,
        };
  const settings = { timeout: TIMEOUT_MS, headers, ...trust };
  return new Promise((resolve, reject) => {
    const onAnswer = (response: IncomingMessage): void => void collect(response).then(resolve, reject);
    const request =
      url.protocol === 'https:' ? getSecurely(url, settings, onAnswer) : get(url, settings, onAnswer);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', (error) =>
      reject('code' in error && error.message === '' ? new Error(String(error.code)) : error),
    );
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_BYTES) throw new Error('the answer is too large');
  }
  if (response.statusCode !== 200)
    throw new Error(`HTTP ${response.statusCode}: ${text.trim().slice(0, 200)}`);
  return text;
}
