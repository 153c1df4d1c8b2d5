import { Buffer } from 'node:buffer';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ApiAccess, Credentials } from './access.ts';
import { ApiError, asApiError, failureOf } from './api-error.ts';
import { textAt } from './json.ts';
import { createLineCutter } from './lines.ts';

export interface ApiRequest {
  /** Path of the API, such as `/api/v1/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Without a byte for this long the server counts as dead. */
  readonly silenceMs: number;
  /** The same for the body, where that may rest for longer than the head. */
  readonly quietMs?: number;
}

/** Asks the Kubernetes API; only ever reads. Rejects with ApiError. */
export interface ApiClient {
  get(request: ApiRequest & { readonly maxBytes: number }): Promise<unknown>;
  /** Opens a watch; its lines come until the server ends it. Undefined stands for one that was too long. */
  watch(
    request: ApiRequest & { readonly maxLineBytes: number },
  ): Promise<AsyncGenerator<string | undefined, void>>;
  /** Gives up the connections. */
  close(): void;
}

const USER_AGENT = 'telegen';
const MAX_ERROR_BYTES = 65_536;
const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: 16 };

/** Connections are kept and shared. */
export function createApiClient(access: ApiAccess): ApiClient {
  const secure = access.url.protocol === 'https:';
  const agent = secure ? new HttpsAgent(KEEP_ALIVE) : new HttpAgent(KEEP_ALIVE);

  function send(request: ApiRequest, credentials: Credentials): Promise<IncomingMessage> {
    const { path, query = {}, signal, silenceMs, quietMs = silenceMs } = request;
    const { authorization, ...tls } = credentials;
    const url = new URL(access.url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    url.search = new URLSearchParams(query).toString();
    const headers = {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      ...(authorization !== undefined && { authorization }),
    };
    const ask = secure ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      let answer: IncomingMessage | undefined;
      const asking = ask(url, { agent, headers, signal, ...tls }, (response) => {
        answer = response;
        asking.setTimeout(quietMs);
        resolve(response);
      });
      asking.setTimeout(silenceMs);
      // Whoever reads the answer learns of it only from the answer.
      asking.on('timeout', () => {
        const waitedMs = answer === undefined ? silenceMs : quietMs;
        (answer ?? asking).destroy(new ApiError('silent', `no byte for ${waitedMs / 1000} s`));
      });
      asking.on('error', reject);
      asking.end();
    });
  }

  /** The answer, when it is 200. */
  async function open(request: ApiRequest): Promise<IncomingMessage> {
    const answer = await send(request, await access.credentials());
    if (answer.statusCode === 200) return answer;
    throw await refusal(answer);
  }

  return {
    async get(request) {
      try {
        return JSON.parse(await readText(await open(request), request.maxBytes)) as unknown;
      } catch (error) {
        if (error instanceof SyntaxError) throw new ApiError('malformed', 'the answer is no JSON');
        throw asApiError(error);
      }
    },
    async watch(request) {
      try {
        return linesOf(await open(request), request.maxLineBytes);
      } catch (error) {
        throw asApiError(error);
      }
    },
    close: () => agent.destroy(),
  };
}

async function* linesOf(answer: IncomingMessage, maxBytes: number): AsyncGenerator<string | undefined, void> {
  const cutter = createLineCutter(maxBytes);
  try {
    for await (const chunk of answer) yield* cutter.push(chunk as Buffer);
  } catch (error) {
    throw asApiError(error);
  } finally {
    answer.destroy();
  }
}

async function readText(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) {
      answer.destroy();
      throw new ApiError('too_long', `the answer is longer than ${maxBytes} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A refusal in the server's words, when it has any. */
async function refusal(answer: IncomingMessage): Promise<ApiError> {
  const status = answer.statusCode ?? 0;
  const seconds = Number(answer.headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  let words: string | undefined;
  try {
    words = textAt(JSON.parse(await readText(answer, MAX_ERROR_BYTES)), 'message');
  } catch {
    words = undefined;
  }
  const message = `the API answered ${status}${words === undefined ? '' : `: ${words.slice(0, 300)}`}`;
  return new ApiError(failureOf(status), message, retryAfterMs);
}
