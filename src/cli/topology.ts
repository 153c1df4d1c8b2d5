import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import { loadConfig } from '../config/load.ts';
import { EXIT, TelegenError } from '../model/errors.ts';
import type { Topology } from '../telemetry/aggregate/topology/topology.ts';
import { formatTopology, type TopologyFormat } from '../telemetry/export/topology-text.ts';

export interface TopologyCommand {
  readonly config?: string;
  readonly url?: string;
  readonly format: TopologyFormat;
}

const TIMEOUT_MS = 10_000;
/** An agent's answer is a few megabytes at the very most. */
const MAX_BYTES = 64 * 1024 * 1024;

/** `telegen topology`: out of captures, or asked of the running agent. TELEGEN_AGENT when that does not answer. */
export async function topology(files: readonly string[], command: TopologyCommand): Promise<number> {
  const { config, url, format } = command;
  if (files.length > 0) {
    const { replay } = await import('./replay/replay.ts');
    const settings = config === undefined ? {} : { config };
    return replay(files, { ...settings, events: [], output: 'topology', topology: format });
  }
  const agent = agentOf(config);
  process.stdout.write(formatTopology(await ask({ ...agent, url: url ?? agent.url }), format));
  return EXIT.ok;
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

async function ask({ url: base, ...secrets }: Agent): Promise<Topology> {
  const url = URL.canParse('/api/v1/topology', base) ? new URL('/api/v1/topology', base) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new TelegenError('TELEGEN_AGENT', `${base}: not an address such as http://127.0.0.1:19090`);
  try {
    const { topology: found } = JSON.parse(await download(url, secrets)) as { topology: Topology };
    return { nodes: [...found.nodes], edges: [...found.edges] };
  } catch (cause) {
    const reason = cause instanceof Error && cause.message !== '' ? cause.message : 'no answer';
    const cure = 'is telegen running, and does agent.telemetry.listen say the same? (-c FILE, or --url)';
    throw new TelegenError('TELEGEN_AGENT', `${url.href}: ${reason}; ${cure}`, { cause });
  }
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
